/**
 * The MSP that this organisation accepts as the alliance's regulator, as whoever runs its chaincode server has set it
 * in `MEDSEAL_REGULATOR_MSP`; undefined where it leaves that to the others. It is the peer's own say on what it
 * endorses: organisations that disagree endorse differently and nothing is committed.
 */
export function acceptedRegulatorMspId(): string | undefined {
  return process.env['MEDSEAL_REGULATOR_MSP'];
}
