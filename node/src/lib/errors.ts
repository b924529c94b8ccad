/** An expected failure with a stable code. The message never carries patient data; `cause` never leaves the process. */
export class AppError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, options: { message?: string; cause?: unknown } = {}) {
    super(options.message ?? code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
  }
}

/** Makes a switch over a closed union fail to compile when a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`unexpected case: ${String(value)}`);
}
