import { common, msp } from '@hyperledger/fabric-protos';
import { encode, fill } from '../protobuf.ts';

type Role = 'member' | 'admin' | 'peer' | 'orderer';
type MetaRule = 'ANY' | 'MAJORITY';

const roleTypes = {
  member: msp.MSPRole.MSPRoleType.MEMBER,
  admin: msp.MSPRole.MSPRoleType.ADMIN,
  peer: msp.MSPRole.MSPRoleType.PEER,
  orderer: msp.MSPRole.MSPRoleType.ORDERER,
};

/** `OR('<mspId>.<role>')`. */
export function rolePolicy(mspId: string, role: Role): common.Policy {
  const principal = fill(new msp.MSPPrincipal(), (message) => {
    message.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
    message.setPrincipal(
      encode(new msp.MSPRole(), (value) => {
        value.setMspIdentifier(mspId);
        value.setRole(roleTypes[role]);
      }),
    );
  });
  const rule = fill(new common.SignaturePolicy(), (outer) => {
    const signedBy = fill(new common.SignaturePolicy(), (inner) => inner.setSignedBy(0));
    outer.setNOutOf(
      fill(new common.SignaturePolicy.NOutOf(), (choice) => {
        choice.setN(1);
        choice.setRulesList([signedBy]);
      }),
    );
  });
  return policyOf(
    common.Policy.PolicyType.SIGNATURE,
    encode(new common.SignaturePolicyEnvelope(), (envelope) => {
      envelope.setRule(rule);
      envelope.setIdentitiesList([principal]);
    }),
  );
}

/** `ANY Writers`, `MAJORITY Endorsement` and the like, over the groups below. */
export function metaPolicy(rule: MetaRule, subPolicy: string): common.Policy {
  return policyOf(
    common.Policy.PolicyType.IMPLICIT_META,
    encode(new common.ImplicitMetaPolicy(), (policy) => {
      policy.setRule(common.ImplicitMetaPolicy.Rule[rule]);
      policy.setSubPolicy(subPolicy);
    }),
  );
}

function policyOf(type: number, value: Uint8Array): common.Policy {
  return fill(new common.Policy(), (policy) => {
    policy.setType(type);
    policy.setValue(value);
  });
}
