/** One invented member of staff of a demo organisation. */
export type StaffAccount = {
  username: string;
  staffId: string;
  name: string;
  organizationId: string;
  roles: string[];
};

const hospitals = ['hospital-a', 'hospital-b', 'hospital-c'];
const surnames = ['林', '周', '吴'];

/** Every account of the demonstration: each hospital's clinician, registrar, privacy officers, administrator, and the regulator's. */
export const staffAccounts: readonly StaffAccount[] = [
  ...hospitals.flatMap((organizationId, index) => hospitalStaff(organizationId, surnames[index] ?? '王')),
  {
    username: 'regulator@regulator',
    staffId: 'regulator-1',
    name: '郑监管 Zheng Jianguan',
    organizationId: 'regulator',
    roles: ['regulator', 'administrator'],
  },
];

function hospitalStaff(organizationId: string, surname: string): StaffAccount[] {
  const account = (role: string, title: string, roles: string[]): StaffAccount => ({
    username: `${role}@${organizationId}`,
    staffId: `${organizationId}-${role}-1`,
    name: `${surname}${title}`,
    organizationId,
    roles,
  });
  return [
    account('clinician', '医生', ['clinician']),
    account('registrar', '挂号员', ['registrar']),
    account('pharmacist', '药师', ['pharmacist']),
    account('privacy', '隐私专员', ['privacy-officer']),
    account('privacy-deputy', '副隐私专员', ['privacy-officer']),
    account('administrator', '管理员', ['administrator', 'registrar', 'clinician']),
    account('researcher', '研究员', ['researcher']),
  ];
}
