import { isJsonObject } from './strict-shape.ts';

/** What an access entry says, as far as two sides can be compared. */
export type EntryFacts = {
  eventId: string | undefined;
  observer: string | undefined;
  requestId: string | undefined;
  decisionId: string | undefined;
  /** Logical id, at the observer, of the patient it is about. */
  patientId: string | undefined;
  /** Who acted: staff number and their organisation. */
  person: string | undefined;
  purpose: string | undefined;
  outcome: string | undefined;
  /** Organisations of client and server. */
  organizations: string[];
  /** References without the server's address, in order. */
  instances: string[];
};

const base = /^https:\/\/[^/]+\/fhir\/R4\//;

/** Reads an AuditEvent (docs/formats/access-entry.md) out of a committed access entry; what is not there is undefined. */
export function factsOf(content: unknown): EntryFacts {
  const event = at(content, 'auditEvent');
  const entities = list(at(event, 'entity'));
  const agents = list(at(event, 'agent'));
  const who = at(agents[0], 'who', 'identifier');
  const staff = text(at(who, 'value'));
  const employer = text(at(who, 'assigner', 'identifier', 'value'));
  return {
    eventId: text(at(event, 'id')),
    observer: text(at(event, 'source', 'observer', 'identifier', 'value')),
    requestId: identified(entities, (entity) => at(entity, 'type', 'code') === 'XrequestId'),
    decisionId: identified(entities, (entity) => at(entity, 'role', 'code') === '13'),
    patientId: patientIn(entities),
    person: staff === undefined || employer === undefined ? undefined : JSON.stringify([employer, staff]),
    purpose: text(at(event, 'purposeOfEvent', 0, 'coding', 0, 'code')),
    outcome: text(at(event, 'outcome')),
    organizations: agents.flatMap((agent) =>
      at(agent, 'requestor') === false ? texts(at(agent, 'who', 'identifier', 'value')) : [],
    ),
    instances: entities
      .flatMap((entity) => (at(entity, 'role', 'code') === '4' ? texts(at(entity, 'what', 'reference')) : []))
      .map((reference) => reference.replace(base, ''))
      .sort(),
  };
}

function patientIn(entities: unknown[]): string | undefined {
  const entity = entities.find((each) => at(each, 'type', 'code') === '1');
  return /^Patient\/(.+)$/.exec(text(at(entity, 'what', 'reference')) ?? '')?.[1];
}

function identified(entities: unknown[], isMeant: (entity: unknown) => boolean): string | undefined {
  return text(at(entities.find(isMeant), 'what', 'identifier', 'value'));
}

function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof name === 'number') found = list(found)[name];
    else found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}
