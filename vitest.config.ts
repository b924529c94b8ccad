import { defineConfig } from 'vitest/config';

const elsewhere = ['**/node_modules/**', '.medseal/**'];
const withDatabase = {
  environment: 'node' as const,
  globalSetup: ['./test/cluster.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { name: 'rules', include: ['test/boundaries.test.ts'], environment: 'node' } },
      {
        test: {
          ...withDatabase,
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, '**/*.journey.test.ts', 'test/boundaries.test.ts'],
        },
      },
      {
        test: {
          ...withDatabase,
          name: 'journeys',
          include: ['**/*.journey.test.ts'],
          exclude: elsewhere,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          // Real processes on a shared machine: a test that fails is run once more, and the report says so.
          retry: 1,
        },
      },
    ],
  },
});
