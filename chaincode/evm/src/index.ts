export { notaryAbi, notaryBytecode, notaryRuntimeCode } from './contract.ts';
export { type Deployment, deployNotary } from './deploy.ts';
export { createNotaryKey, notaryAddress, readNotaryKey } from './key.ts';
