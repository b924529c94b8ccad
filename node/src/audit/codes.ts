import type { AuditEntry, AuditInteraction, AuditOutcome } from './types.ts';

export type Coding = { system: string; code: string };

const restful = 'http://hl7.org/fhir/restful-interaction';
const lifecycle = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle';
const acts = 'https://medseal.org/fhir/CodeSystem/audit-act';
const dicom = 'http://dicom.nema.org/resources/ontology/DCM';

const rest: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
};
const exportEvent: Coding = { system: dicom, code: '110106' };
const importEvent: Coding = { system: dicom, code: '110107' };
const authentication: Coding = { system: dicom, code: '110114' };
const application: Coding = { system: dicom, code: '110100' };
const disclosure: Coding = { system: lifecycle, code: 'disclose' };

/** FHIR audit-event-action: create, read, update, delete, execute. */
export type ActionCode = 'C' | 'R' | 'U' | 'D' | 'E';
export type InteractionCodes = { type: Coding; subtype: Coding[]; action: ActionCode };

function onRest(code: string, action: ActionCode): InteractionCodes {
  return { type: rest, subtype: [{ system: restful, code }], action };
}

function act(type: Coding, code: string, action: ActionCode): InteractionCodes {
  return { type, subtype: [{ system: acts, code }], action };
}

/** Type, subtype and action of each interaction, after IHE BALP 1.1 (Read, Query, Create, Update, Delete, Disclosure). */
export const interactionCodes: Record<AuditInteraction, InteractionCodes> = {
  read: onRest('read', 'R'),
  vread: onRest('vread', 'R'),
  search: onRest('search', 'E'),
  history: onRest('history', 'R'),
  everything: {
    type: rest,
    subtype: [
      { system: restful, code: 'operation' },
      { system: acts, code: 'everything' },
    ],
    action: 'E',
  },
  create: onRest('create', 'C'),
  update: onRest('update', 'U'),
  delete: onRest('delete', 'D'),
  transaction: onRest('transaction', 'C'),
  batch: onRest('batch', 'C'),
  request: act(exportEvent, 'request', 'E'),
  disclose: { type: exportEvent, subtype: [disclosure], action: 'R' },
  receive: { type: importEvent, subtype: [disclosure], action: 'C' },
  grant: act(rest, 'grant', 'C'),
  revoke: act(rest, 'revoke', 'U'),
  'break-glass': act(rest, 'break-glass', 'R'),
  'ask-erasure': act(rest, 'ask-erasure', 'U'),
  erase: act(rest, 'erase', 'D'),
  'withdraw-erasure': act(rest, 'withdraw-erasure', 'U'),
  enrol: act(authentication, 'enrol', 'C'),
  unenrol: act(authentication, 'unenrol', 'D'),
  login: act(authentication, 'login', 'E'),
  administer: act(application, 'administer', 'E'),
  dispute: act(application, 'dispute', 'E'),
};

/** FHIR audit-event-outcome: a denial is a minor failure, anything that broke a serious one. */
export const outcomeCodes: Record<AuditOutcome, '0' | '4' | '8'> = { success: '0', denied: '4', failed: '8' };

/** DICOM roles: who sends is the source; a query's parameters flow from the client (BALP), a read's content to it. */
export function clientRole({ interaction }: AuditEntry): { client: Coding; server: Coding } {
  const source: Coding = { system: dicom, code: '110153' };
  const destination: Coding = { system: dicom, code: '110152' };
  const reads = interaction === 'read' || interaction === 'vread' || interaction === 'disclose';
  return reads ? { client: destination, server: source } : { client: source, server: destination };
}
