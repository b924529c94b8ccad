import { type HostileBody, secret } from './hostile.ts';
import { condition, medicationRequest, observation } from './records.ts';

const absent = '00000000-0000-4000-8000-000000000000';
const named = (name: string, resource: object): HostileBody => ({ name, body: JSON.stringify(resource) });

/** Resources and Bundles, well-formed as JSON, that may not be stored, by the path that they are posted to. */
export function badResources(reference: string): { path: string; bodies: HostileBody[] }[] {
  return [
    { path: '/fhir/R4/Observation', bodies: observations(reference) },
    {
      path: '/fhir/R4/Condition',
      bodies: [named('an absurd onset', condition(reference, { onsetDateTime: '-0001-01-01' }))],
    },
    { path: '/fhir/R4/MedicationRequest', bodies: prescriptions(reference) },
    { path: '/fhir/R4/Patient', bodies: patients() },
    { path: '/fhir/R4/DocumentReference', bodies: documents(reference) },
    { path: '/fhir/R4', bodies: bundles(reference) },
    ...['Consent', 'AuditEvent', 'Group', secret].map((type) => ({
      path: `/fhir/R4/${type}`,
      bodies: [named('a type that nobody posts', { resourceType: type })],
    })),
  ];
}

function observations(reference: string): HostileBody[] {
  const dates = [
    '2025-02-30',
    '2025-13-01',
    '99999-01-01',
    '0000-00-00',
    'yesterday',
    '2025-01-01T25:00:00Z',
    '2025-01-01T10:00',
    secret,
  ];
  const values = [
    { valueQuantity: { value: '13' } },
    { valueQuantity: { value: 1, comparator: secret } },
    { valueQuantity: {} },
    { valueInteger: 2 ** 40 },
    { valueInteger: 1.5 },
    { valueString: '' },
    { valueString: `a${String.fromCharCode(7)}` },
    { valueQuantity: { value: 1 }, valueString: secret },
  ];
  const references = [
    `Patient/${absent}`,
    `https://evil.example/fhir/Patient/${secret}`,
    'file:///etc/passwd',
    `urn:uuid:${absent}`,
    `Group/${secret}`,
    `${reference}/_history/1/../2`,
    'Patient/../Patient/1',
    `#${secret}`,
    '',
  ];
  const of = (name: string, more: object): HostileBody => named(name, observation(reference, { ...more }));
  return [
    ...dates.map((date) => of(`the date ${date}`, { effectiveDateTime: date })),
    ...values.map((value) => of(`the value ${JSON.stringify(value)}`, value)),
    ...references.map((subject) => named(`the subject ${subject}`, observation(subject))),
    ...references.map((encounter) =>
      of(`the encounter ${encounter}`, { encounter: { reference: encounter } }),
    ),
    of('an unknown status', { status: secret }),
    of('an empty list', { category: [] }),
    of('a contained script', {
      contained: [{ resourceType: 'Patient', text: narrative('<script>1</script>') }],
    }),
    ...[
      '<script>1</script>',
      '<p onclick="1">x</p>',
      '<svg onload="1"/>',
      '<a href="javascript:1">x</a>',
      '<p>x',
    ].map((div) => of(`the narrative ${div}`, { text: narrative(div) })),
    of('a nest of extensions', { extension: [nested(60)] }),
  ];
}

const narrative = (content: string): object => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${content}</div>`,
});

function nested(depth: number): object {
  return depth === 0 ? { url: 'x', valueBoolean: true } : { url: 'x', extension: [nested(depth - 1)] };
}

function prescriptions(reference: string): HostileBody[] {
  return [
    named('no medicine', medicationRequest(reference, { medicationCodeableConcept: undefined })),
    named('an unknown intent', medicationRequest(reference, { intent: secret })),
    named(
      'a medicine elsewhere',
      medicationRequest(reference, {
        medicationCodeableConcept: undefined,
        medicationReference: { reference: `Medication/${absent}` },
      }),
    ),
    named(
      'another’s encounter',
      medicationRequest(reference, { encounter: { reference: `Encounter/${absent}` } }),
    ),
  ];
}

function patients(): HostileBody[] {
  const numbers = [
    '11010519491231002Y',
    '110105194912310021',
    '11010519490231002X',
    '１１０１０５１９４９１２３１００２Ｘ',
    secret,
    '9'.repeat(40),
  ];
  const of = (value: string): object => ({
    resourceType: 'Patient',
    identifier: [{ system: 'urn:oid:2.16.156.10011.1.3', value }],
  });
  return [
    ...numbers.map((value) => named(`the identity number ${value}`, of(value))),
    named('a birth date to come', { resourceType: 'Patient', birthDate: '2025-02-31' }),
    named('an unknown gender', { resourceType: 'Patient', gender: secret }),
    named('a name of the wrong form', { resourceType: 'Patient', name: { family: secret } }),
  ];
}

function documents(reference: string): HostileBody[] {
  const urls = [
    'file:///etc/passwd',
    'http://127.0.0.1:5432/',
    'http://[::ffff:127.0.0.1]/',
    'javascript:1',
    `gopher://${secret}/`,
  ];
  const of = (attachment: object): object => ({
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference },
    content: [{ attachment }],
  });
  return [
    ...urls.map((url) => named(`the document ${url}`, of({ url }))),
    named('no Base64', of({ contentType: 'text/plain', data: `${secret}*` })),
  ];
}

function bundles(reference: string): HostileBody[] {
  const post = (resource: object, more: object = {}): object => ({
    request: { method: 'POST', url: (resource as { resourceType: string }).resourceType },
    resource,
    ...more,
  });
  const bundle = (type: string, entry: readonly object[]): object => ({
    resourceType: 'Bundle',
    type,
    entry,
  });
  const good = post(observation(reference));
  const transaction = (name: string, ...entry: object[]): HostileBody =>
    named(name, bundle('transaction', entry));
  const urn = `urn:uuid:${absent}`;
  return [
    named('a Bundle of another kind', bundle('collection', [good])),
    named('a Bundle of no kind', { resourceType: 'Bundle', entry: [good] }),
    named('no Bundle', observation(reference)),
    transaction('half of it wrong', good, post(observation(reference, { status: secret }))),
    transaction('an absent patient', good, post(observation(`Patient/${absent}`))),
    transaction('an unresolved urn', good, post(observation(urn))),
    transaction('one fullUrl twice', { ...good, fullUrl: urn }, { ...good, fullUrl: urn }),
    transaction('a foreign url', {
      ...good,
      request: { method: 'POST', url: `https://evil.example/${secret}` },
    }),
    transaction('a path out of it', { ...good, request: { method: 'POST', url: '../Observation' } }),
    transaction('another type’s url', { ...good, request: { method: 'POST', url: 'Patient' } }),
    transaction('an unknown method', { ...good, request: { method: secret, url: 'Observation' } }),
    transaction('a read', { request: { method: 'GET', url: reference } }),
    transaction('no request', { resource: observation(reference) }),
    transaction('a condition on two', good, post(observation(`Patient?gender=${secret}`))),
    transaction('a bad condition', {
      ...good,
      request: { method: 'POST', url: 'Observation', ifNoneExist: secret },
    }),
    transaction('an update of nothing', {
      request: { method: 'PUT', url: `Observation/${absent}`, ifMatch: 'W/"1"' },
      resource: { ...observation(reference), id: absent },
    }),
    transaction('a deletion of nothing', { request: { method: 'DELETE', url: `Observation/${absent}` } }),
    transaction('a Bundle in a Bundle', post(bundle('transaction', [good]))),
    transaction('a consent forged', post({ resourceType: 'Consent', status: 'active' })),
    named(
      'too many entries',
      bundle(
        'transaction',
        Array.from({ length: 10_001 }, () => ({
          request: { method: 'DELETE', url: `Observation/${absent}` },
        })),
      ),
    ),
  ];
}
