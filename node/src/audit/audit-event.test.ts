import { describe, expect, it } from 'vitest';
import { auditEvent } from './audit-event.ts';
import { interactionCodes } from './codes.ts';
import type { AuditEntry, AuditInteraction } from './types.ts';

const source = { organizationId: 'hospital-a', nodeUrl: 'https://a.example' };
const staff = {
  kind: 'staff',
  staffId: 's1',
  displayName: '王医生',
  roles: ['clinician'],
  organizationId: 'hospital-a',
} as const;

function entry(change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    interaction: 'read',
    outcome: 'success',
    actor: staff,
    at: '2026-01-02T03:04:05.678Z',
    patientId: 'p1',
    ...change,
  };
}

function event(change: Partial<AuditEntry> = {}) {
  return auditEvent(entry(change), { id: 'e1', source });
}

describe('an audit event', () => {
  it('of a read names patient, object, user, both systems and the purpose', () => {
    expect(event({ instances: ['Observation/o1'], purpose: 'TREAT', requestId: 'r1' })).toEqual({
      resourceType: 'AuditEvent',
      id: 'e1',
      type: {
        system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
        code: 'rest',
      },
      subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read' }],
      action: 'R',
      recorded: '2026-01-02T03:04:05.678Z',
      outcome: '0',
      purposeOfEvent: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' }] },
      ],
      agent: [
        {
          type: {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
                code: 'IRCP',
              },
            ],
          },
          role: [{ coding: [{ system: 'https://medseal.org/fhir/CodeSystem/role', code: 'clinician' }] }],
          who: {
            identifier: {
              system: 'https://medseal.org/fhir/sid/staff',
              value: 's1',
              assigner: {
                identifier: { system: 'https://medseal.org/fhir/sid/organization', value: 'hospital-a' },
              },
            },
          },
          name: '王医生',
          requestor: true,
          purposeOfUse: [
            { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' }] },
          ],
        },
        {
          type: {
            coding: [
              {
                system: 'http://dicom.nema.org/resources/ontology/DCM',
                code: '110152',
              },
            ],
          },
          requestor: false,
          who: { identifier: { system: 'https://medseal.org/fhir/sid/organization', value: 'hospital-a' } },
        },
        {
          type: {
            coding: [
              {
                system: 'http://dicom.nema.org/resources/ontology/DCM',
                code: '110153',
              },
            ],
          },
          requestor: false,
          who: { identifier: { system: 'https://medseal.org/fhir/sid/organization', value: 'hospital-a' } },
          network: { address: 'https://a.example', type: '5' },
        },
      ],
      source: {
        site: 'https://a.example',
        observer: {
          identifier: { system: 'https://medseal.org/fhir/sid/organization', value: 'hospital-a' },
        },
        type: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
            code: '4',
          },
        ],
      },
      entity: [
        {
          what: { reference: 'Patient/p1' },
          type: {
            system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
            code: '1',
          },
          role: {
            system: 'http://terminology.hl7.org/CodeSystem/object-role',
            code: '1',
          },
        },
        {
          what: { reference: 'Observation/o1' },
          type: {
            system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
            code: '2',
          },
          role: {
            system: 'http://terminology.hl7.org/CodeSystem/object-role',
            code: '4',
          },
        },
        {
          what: { identifier: { value: 'r1' } },
          type: {
            system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
            code: 'XrequestId',
          },
        },
      ],
    });
  });

  it('of a search keeps the raw query in base64 and calls the client the source', () => {
    const search = event({ interaction: 'search', query: 'Observation?patient=p1&code=é' });

    expect(search.entity).toContainEqual(
      expect.objectContaining({ query: Buffer.from('Observation?patient=p1&code=é').toString('base64') }),
    );
    expect(search).toMatchObject({
      action: 'E',
      agent: [{}, { type: { coding: [{ code: '110153' }] } }, {}],
    });
  });

  it('of a denial says why', () => {
    expect(event({ outcome: 'denied', reasons: ['consent-absent', 'purpose-not-granted'] })).toMatchObject({
      outcome: '4',
      outcomeDesc: 'consent-absent; purpose-not-granted',
    });
    expect(event({ outcome: 'failed' }).outcome).toBe('8');
  });

  it("names a partner's human by the partner, the patient by reference and the node itself by name", () => {
    const peer = event({
      interaction: 'disclose',
      actor: {
        kind: 'peer',
        organizationId: 'hospital-b',
        mspId: 'B',
        staff: { staffId: 's9', displayName: 'Li', roles: [] },
      },
      decisionId: 'd1',
      clientAddress: '10.0.0.9',
    });

    expect(peer).toMatchObject({
      type: { code: '110106' },
      subtype: [{ code: 'disclose' }],
      agent: [
        { who: { identifier: { value: 's9', assigner: { identifier: { value: 'hospital-b' } } } } },
        { who: { identifier: { value: 'hospital-b' } }, network: { address: '10.0.0.9', type: '2' } },
        { who: { identifier: { value: 'hospital-a' } } },
      ],
    });
    expect(peer.entity).toContainEqual(expect.objectContaining({ what: { identifier: { value: 'd1' } } }));
    expect(event({ actor: { kind: 'patient', patientId: 'p1' } })).toMatchObject({
      agent: [{ who: { reference: 'Patient/p1' } }, {}],
    });
    expect(event({ actor: { kind: 'system', name: 'anchor' } })).toMatchObject({
      agent: [{ who: { display: 'anchor' } }, {}],
    });
    expect(event({ interaction: 'receive', counterpart: 'hospital-c' })).toMatchObject({
      agent: [{}, { who: { identifier: { value: 'hospital-c' } } }, {}],
    });
  });

  it.each(Object.keys(interactionCodes) as AuditInteraction[])('knows the codes of %s', (interaction) => {
    const { type, subtype, action } = event({ interaction });

    expect(type).toMatchObject({ system: expect.stringMatching(/^http/), code: expect.any(String) });
    expect(subtype).not.toEqual([]);
    expect(action).toMatch(/^[CRUDE]$/);
  });

  const bad: Partial<AuditEntry>[] = [
    { at: 'yesterday' },
    { at: '2026-01-02T03:04:05Z' },
    { at: '2026-13-02T03:04:05.678Z' },
    { patientId: '' },
    { patientId: '../p1' },
    { patientId: 'p'.repeat(65) },
    { purpose: '' },
    { reasons: [''] },
  ];
  it.each(bad)('is refused for %j', (change) => {
    expect(() => event(change)).toThrow(expect.objectContaining({ code: 'AUDIT_ENTRY_INVALID' }));
  });
});
