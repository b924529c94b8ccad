export { notaryAbi, notaryBytecode, notaryRuntimeCode } from './contract.ts';
export { type Deployment, deployNotary } from './deploy.ts';
