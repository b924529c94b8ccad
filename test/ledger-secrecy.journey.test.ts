import { createHash, randomUUID } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { commitRecord, fromHex, hex, parseBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { inventNationalId } from '../demo/national-id.ts';
import { clientOf } from '../demo/story.ts';
