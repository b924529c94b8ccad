import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const place = '@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf';
let loading: Promise<Uint8Array> | undefined;

/** Noto Sans SC (OFL 1.1), read once, when the first certificate is asked for. */
export async function certificateFont(): Promise<Uint8Array> {
  loading ??= readFile(fileURLToPath(import.meta.resolve(place)));
  try {
    return await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}
