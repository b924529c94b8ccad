/** The members of the demo alliance. */
export type DemoOrganization = {
  organizationId: string;
  mspId: string;
  kind: 'hospital' | 'regulator';
  names: { zh: string; en: string };
};

export const organizations: readonly DemoOrganization[] = [
  {
    organizationId: 'regulator',
    mspId: 'RegulatorMSP',
    kind: 'regulator',
    names: { zh: '省卫生健康监管中心', en: 'Provincial Health Regulator' },
  },
  {
    organizationId: 'hospital-a',
    mspId: 'HospitalAMSP',
    kind: 'hospital',
    names: { zh: '第一人民医院', en: 'First People’s Hospital' },
  },
  {
    organizationId: 'hospital-b',
    mspId: 'HospitalBMSP',
    kind: 'hospital',
    names: { zh: '仁和医院', en: 'Renhe Hospital' },
  },
  {
    organizationId: 'hospital-c',
    mspId: 'HospitalCMSP',
    kind: 'hospital',
    names: { zh: '东湖医院', en: 'Donghu Hospital' },
  },
];

export type DemoPorts = {
  postgres: number;
  ledger: number;
  identityProvider: number;
  notary: number;
  /** API and peer port of each organisation. */
  nodes: Record<string, { api: number; peer: number }>;
};

/** Ports of the demo counted from the first one: 4 shared services, then two a node. */
export function demoPorts(base: number): DemoPorts {
  const nodes = organizations.map(
    ({ organizationId }, place) =>
      [organizationId, { api: base + 10 + place * 2, peer: base + 11 + place * 2 }] as const,
  );
  const shared = { postgres: base, ledger: base + 1, identityProvider: base + 2, notary: base + 3 };
  return { ...shared, nodes: Object.fromEntries(nodes) };
}

/** Every port with what it is for. */
export function allPorts({
  postgres,
  ledger,
  identityProvider,
  notary,
  nodes,
}: DemoPorts): [number, string][] {
  return [
    [postgres, 'PostgreSQL'],
    [ledger, 'ledger'],
    [identityProvider, 'identity provider'],
    [notary, 'notary chain'],
    ...Object.entries(nodes).flatMap(([id, { api, peer }]): [number, string][] => [
      [api, `${id} API`],
      [peer, `${id} peers`],
    ]),
  ];
}
