import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { founders } from './arguments.ts';
import { composeFile, composeYaml } from './compose.ts';

const file = composeFile(founders);
const services = Object.entries(file.services);
const root = new URL('../../../', import.meta.url);

const schemaText = readFileSync(new URL('../test/fixtures/compose-spec.json', import.meta.url), 'utf8');

/** Where the file breaks the schema of the Compose Specification; nothing where it keeps to it. */
function violations(compose: unknown): string[] {
  const { $schema: _, ...schema } = JSON.parse(schemaText); // draft 7, which Ajv knows under another address
  const ajv = new Ajv({ unknownFormats: 'ignore', logger: false, allErrors: true });
  const validate = ajv.compile(schema);
  return validate(compose)
    ? []
    : (validate.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message}`);
}

describe('docker-compose.yml', () => {
  it('is what the settings of the network make', () => {
    expect(readFileSync(new URL('docker-compose.yml', root), 'utf8')).toBe(composeYaml(file));
  });

  it('keeps to the schema of the Compose Specification', () => {
    expect(createHash('sha256').update(schemaText).digest('hex')).toBe(
      'ea8f3bd1e32cb93be231122144b119746b68b18d79ed118704c6fa3aa105a49e',
    );
    expect(violations(file)).toEqual([]);
  });

  it.each([
    ['an attribute that is not known', { enviroment: {} }],
    ['a condition that is not known', { depends_on: { node: { condition: 'service_ready' } } }],
    ['a port that is no port', { ports: [true] }],
    ['a number of retries in words', { healthcheck: { retries: ['many'] } }],
  ])('would be refused with %s', (_, wrong) => {
    const services = { ...file.services, demo: { ...file.services['demo'], ...wrong } };

    expect(violations({ ...file, services })).not.toEqual([]);
  });

  it('pins every image to a version, and builds those of its own', () => {
    for (const [, { image, build }] of services) {
      expect(image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?$/);
      if (image.startsWith('medseal')) expect(build?.context).toBe('.');
    }
    const bases = [...readFileSync(new URL('Dockerfile', root), 'utf8').matchAll(/^FROM (\S+)/gm)].map(
      ([, name]) => name,
    );
    expect(bases).toEqual([
      expect.stringMatching(/^node:24\.\d+\.\d+-/),
      expect.stringMatching(/^golang:1\.\d+\.\d+-/),
      'node',
    ]);
  });

  it('lets a service depend only on one that the same profile starts', () => {
    for (const [, { depends_on = {}, network_mode = '', profiles }] of services) {
      const others = [...Object.keys(depends_on), ...(/^service:(.+)$/.exec(network_mode)?.slice(1) ?? [])];
      for (const other of others) expect(file.services[other]?.profiles).toEqual(profiles);
    }
    expect(new Set(services.flatMap(([, { profiles }]) => profiles))).toEqual(
      new Set(['demo', 'node', 'alliance']),
    );
  });

  it('mounts only volumes that it names', () => {
    const named = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    );
    for (const volume of named.filter((name) => !name.startsWith('.')))
      expect(Object.keys(file.volumes)).toContain(volume);
  });

  it('keeps peers off the outside, and orderers and chaincode servers among the containers', () => {
    for (const [name, { ports = [], profiles }] of services)
      if (profiles.includes('alliance'))
        for (const port of ports)
          expect([name, port]).toEqual([
            expect.stringMatching(/^peer-/),
            expect.stringMatching(/^127\.0\.0\.1:/),
          ]);
  });

  it('has no secret in it', () => {
    expect(composeYaml(file)).not.toMatch(/password|BEGIN [A-Z ]*PRIVATE KEY/i);
  });

  it('is YAML whose every text is quoted, so that no name is read as something else', () => {
    const written = composeYaml({
      name: 'no',
      services: { a: { profiles: ['1.0', 'yes: #'], image: 'x' } },
      volumes: { v: null },
    });

    expect(
      written
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .join('\n'),
    ).toBe(
      'name: "no"\nservices:\n  a:\n    profiles:\n      - "1.0"\n      - "yes: #"\n    image: "x"\nvolumes:\n  v:\n',
    );
  });
});
