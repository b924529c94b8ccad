import { defineConfig } from 'vitest/config';

const node = { environment: 'node' as const, globalSetup: ['./test/cluster.ts'], testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.journey.test.ts', '.medseal/**'],
        },
      },
      {
        test: {
          ...node,
          name: 'journeys',
          include: ['**/*.journey.test.ts'],
          exclude: ['**/node_modules/**', '.medseal/**'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
