import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const validSettings = {
  MEDSEAL_DEMO: 'true',
  MEDSEAL_ORGANIZATION_ID: 'hospital-a',
  MEDSEAL_ORGANIZATION_KIND: 'hospital',
  MEDSEAL_ORGANIZATION_NAME_ZH: '甲医院',
  MEDSEAL_ORGANIZATION_NAME_EN: 'Hospital A',
  MEDSEAL_MSP_ID: 'HospitalAMSP',
  MEDSEAL_DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:1/a',
  MEDSEAL_API_PORT: '8443',
  MEDSEAL_PEER_PORT: '8444',
  MEDSEAL_NODE_URL: 'https://localhost:8444',
  MEDSEAL_API_ORIGIN: 'https://localhost:8443',
  MEDSEAL_TLS_CERTIFICATE: 'cert.pem',
  MEDSEAL_TLS_KEY: 'key.pem',
  MEDSEAL_KEY_FILE: 'keys.json',
  MEDSEAL_KEY_PASSPHRASE_FILE: 'passphrase',
  MEDSEAL_LEDGER_ENDPOINT: 'localhost:7051',
  MEDSEAL_LEDGER_TLS_CA: 'ca.pem',
  MEDSEAL_LEDGER_CERTIFICATE: 'client.pem',
  MEDSEAL_LEDGER_KEY: 'client.key',
  MEDSEAL_LEDGER_GENESIS: 'genesis.block',
  MEDSEAL_LEDGER_GENESIS_HASH: 'ab'.repeat(32),
  MEDSEAL_OIDC_ISSUER: 'http://localhost:9000',
  MEDSEAL_OIDC_AUDIENCE: 'https://localhost:8443',
  MEDSEAL_WEBAUTHN_ORIGIN: 'https://localhost:8443',
  MEDSEAL_PSEUDONYM_PUBLIC_KEY: 'cd'.repeat(32),
};

describe('configuration', () => {
  it('parses a complete environment', () => {
    expect(readConfig(validSettings)).toMatchObject({
      MEDSEAL_API_PORT: 8443,
      MEDSEAL_LEDGER_LEASE_SECONDS: 30,
    });
  });

  it('serves from one process unless said, and never from none', () => {
    const processes = (count: string) => readConfig({ ...validSettings, MEDSEAL_SERVING_PROCESSES: count });

    expect(readConfig(validSettings).MEDSEAL_SERVING_PROCESSES).toBe(1);
    expect(processes('4').MEDSEAL_SERVING_PROCESSES).toBe(4);
    for (const count of ['0', '-1', '33', '1.5', 'all']) expect(() => processes(count)).toThrow('PROCESSES');
  });

  it('takes all settings of notarizing or none', () => {
    const notary = {
      MEDSEAL_EVM_RPC_URL: 'http://127.0.0.1:8545',
      MEDSEAL_EVM_CHAIN_ID: '31337',
      MEDSEAL_EVM_CONTRACT: `0x${'ab'.repeat(20)}`,
      MEDSEAL_EVM_KEY_FILE: 'notary.key',
    };
    expect(readConfig({ ...validSettings, ...notary })).toMatchObject({ MEDSEAL_EVM_CHAIN_ID: 31_337 });
    for (const name of Object.keys(notary)) {
      const { [name]: _removed, ...rest } = notary as Record<string, string>;
      expect(() => readConfig({ ...validSettings, ...rest })).toThrow(`notarizing also takes ${name}`);
    }
  });

  it('refuses a misspelt setting instead of ignoring it', () => {
    expect(() => readConfig({ ...validSettings, MEDSEAL_LEDGER_LEASE: '5' })).toThrow(
      /unknown settings: MEDSEAL_LEDGER_LEASE;/,
    );
  });

  it.each(Object.keys(validSettings).filter((name) => name !== 'MEDSEAL_DEMO'))(
    'refuses to start without %s',
    (name) => {
      const { [name]: _removed, ...rest } = validSettings as Record<string, string>;

      expect(() => readConfig(rest)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );

  it('refuses demo settings outside the demo and never prints a value', () => {
    const production = {
      ...validSettings,
      MEDSEAL_DEMO: 'false',
      MEDSEAL_DATABASE_URL: 'postgres://u:secret-word@db.example/a',
    };

    expect(() => readConfig(production)).toThrow(expect.objectContaining({ code: 'CONFIG_UNSAFE' }));
    expect(() => readConfig(production)).not.toThrow(/secret-word/);
    expect(() => readConfig({ ...validSettings, MEDSEAL_DATABASE_URL: 'mysql://secret-word' })).not.toThrow(
      /secret-word/,
    );
  });

  it.each([
    ['over its Unix socket', '%2Fvar%2Frun%2Fpostgresql', true],
    ['over a Unix socket that is named apart', '127.0.0.1/a?host=/var/run/postgresql', true],
    ['over the loopback interface', '[::1]:5432', true],
    ['on another host', 'db.example', false],
    ['on another host that is named apart', '127.0.0.1/a?host=db.example', false],
  ])('takes a database %s without TLS or not', (_, place, isTaken) => {
    const settings = {
      ...validSettings,
      MEDSEAL_DEMO: 'false',
      MEDSEAL_OIDC_ISSUER: 'https://login.example',
      MEDSEAL_WEBAUTHN_ORIGIN: 'https://records.example',
      MEDSEAL_DATABASE_URL: `postgres://u:secret-word@${place}${place.includes('/') ? '' : '/a'}`,
    };

    const told = /reaches another host/;
    const read = expect(() => readConfig(settings));
    if (isTaken) read.not.toThrow(told);
    else read.toThrow(told);
  });
});
