import { type Coding, clientRole, interactionCodes, outcomeCodes } from './codes.ts';
import { AuditError } from './errors.ts';
import type { AuditActor, AuditEntry, AuditEvent, AuditSource, AuditStaff } from './types.ts';

const organizationSystem = 'https://medseal.org/fhir/sid/organization';
const staffSystem = 'https://medseal.org/fhir/sid/staff';
const roleSystem = 'https://medseal.org/fhir/CodeSystem/role';
const reasonSystem = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const entityType = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const objectRole = 'http://terminology.hl7.org/CodeSystem/object-role';
const balpEntityType = 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType';
const recipientType = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const sourceType = 'http://terminology.hl7.org/CodeSystem/security-source-type';

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const logicalId = /^[A-Za-z0-9.-]{1,64}$/;
const code = /^[^\s]+(?: [^\s]+)*$/;

/** The FHIR R4 AuditEvent of an entry, shaped after IHE Basic Audit Log Patterns 1.1; `id` is its logical id. */
export function auditEvent(
  entry: AuditEntry,
  { id, source }: { id: string; source: AuditSource },
): AuditEvent {
  requireValid(entry);
  const { type, subtype, action } = interactionCodes[entry.interaction];
  const outcomeDesc = entry.reasons?.join('; ');
  return {
    resourceType: 'AuditEvent',
    id,
    type,
    subtype,
    action,
    recorded: entry.at,
    outcome: outcomeCodes[entry.outcome],
    ...(outcomeDesc ? { outcomeDesc } : {}),
    ...(entry.purpose === undefined ? {} : { purposeOfEvent: [purposeConcept(entry.purpose)] }),
    agent: agents(entry, source),
    source: {
      ...(source.nodeUrl === undefined ? {} : { site: source.nodeUrl }),
      observer: organization(source.organizationId),
      type: [{ system: sourceType, code: '4' }],
    },
    entity: entities(entry),
  };
}

function requireValid({ at, patientId, purpose, reasons = [] }: AuditEntry): void {
  if (!instant.test(at) || Number.isNaN(Date.parse(at))) throw invalid('at');
  if (patientId !== undefined && !logicalId.test(patientId)) throw invalid('patientId');
  if (purpose !== undefined && !code.test(purpose)) throw invalid('purpose');
  if (!reasons.every((reason) => code.test(reason))) throw invalid('reasons');
}

function invalid(field: string): AuditError {
  return new AuditError('AUDIT_ENTRY_INVALID', { message: `audit entry: ${field}` });
}

type Agent = Record<string, unknown>;

function agents(entry: AuditEntry, source: AuditSource): Agent[] {
  const roles = clientRole(entry);
  const client = clientOrganization(entry);
  const network =
    entry.clientAddress === undefined ? {} : { network: { address: entry.clientAddress, type: '2' } };
  const site = source.nodeUrl === undefined ? {} : { network: { address: source.nodeUrl, type: '5' } };
  return [
    { ...user(entry.actor), ...purposes(entry.purpose) },
    ...(client === undefined ? [] : [{ ...machine(roles.client), who: organization(client), ...network }]),
    { ...machine(roles.server), who: organization(source.organizationId), ...site },
  ];
}

function clientOrganization({ actor, counterpart }: AuditEntry): string | undefined {
  if (actor.kind === 'peer') return actor.organizationId;
  if (counterpart !== undefined) return counterpart;
  return actor.kind === 'staff' ? actor.organizationId : undefined;
}

function user(actor: AuditActor): Agent {
  const type = { coding: [{ system: recipientType, code: 'IRCP' }] };
  switch (actor.kind) {
    case 'staff':
      return { type, ...staff(actor, actor.organizationId), requestor: true };
    case 'peer':
      return { type, ...staff(actor.staff, actor.organizationId), requestor: true };
    case 'patient':
      return { type, who: { reference: `Patient/${actor.patientId}` }, requestor: true };
    case 'system':
      return { type, who: { display: actor.name }, requestor: true };
  }
}

function staff({ staffId, displayName, roles }: AuditStaff, organizationId: string): Agent {
  const assigner = organization(organizationId);
  return {
    ...(roles.length === 0
      ? {}
      : { role: roles.map((role) => ({ coding: [{ system: roleSystem, code: role }] })) }),
    who: { identifier: { system: staffSystem, value: staffId, assigner } },
    name: displayName,
  };
}

function machine(type: Coding): Agent {
  return { type: { coding: [type] }, requestor: false };
}

function purposes(purpose: string | undefined): Agent {
  return purpose === undefined ? {} : { purposeOfUse: [purposeConcept(purpose)] };
}

function purposeConcept(purpose: string): { coding: Coding[] } {
  return { coding: [{ system: reasonSystem, code: purpose }] };
}

function organization(organizationId: string): { identifier: { system: string; value: string } } {
  return { identifier: { system: organizationSystem, value: organizationId } };
}

type Entity = Record<string, unknown>;

function entities({ patientId, instances = [], query, requestId, decisionId }: AuditEntry): Entity[] {
  const object = { system: entityType, code: '2' };
  const list: Entity[] = instances.map((reference) => ({
    what: { reference },
    type: object,
    role: { system: objectRole, code: '4' },
  }));
  if (patientId !== undefined) {
    list.unshift({
      what: { reference: `Patient/${patientId}` },
      type: { system: entityType, code: '1' },
      role: { system: objectRole, code: '1' },
    });
  }
  if (query !== undefined) {
    const role = { system: objectRole, code: '24' };
    list.push({ type: object, role, query: Buffer.from(query, 'utf8').toString('base64') });
  }
  if (requestId !== undefined)
    list.push({
      what: { identifier: { value: requestId } },
      type: { system: balpEntityType, code: 'XrequestId' },
    });
  if (decisionId !== undefined) {
    const role = { system: objectRole, code: '13' };
    list.push({ what: { identifier: { value: decisionId } }, type: object, role });
  }
  return list;
}
