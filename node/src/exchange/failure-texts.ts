import type { SourceFailureCode } from './errors.ts';

type Text = { zh: string; en: string };

/** What staff are told when nothing came from a source, and what to do next. No text depends on the patient. */
export const failureTexts: Record<SourceFailureCode, Text & { next: Text }> = {
  EXCHANGE_SOURCE_UNKNOWN: {
    zh: '联盟中没有这家机构。',
    en: 'This organisation is not a member of the alliance.',
    next: { zh: '请从成员列表中选择机构。', en: 'Choose an organisation from the list of members.' },
  },
  EXCHANGE_SOURCE_DISABLED: {
    zh: '这家机构目前不能参与交换。',
    en: 'This organisation cannot take part in exchanges at present.',
    next: { zh: '请联系联盟的监管方了解情况。', en: 'Ask the regulator of the alliance about it.' },
  },
  PEER_UNREACHABLE: {
    zh: '暂时连接不上这家机构。',
    en: 'This organisation cannot be reached right now.',
    next: {
      zh: '请稍后再试；仍不成功，请联系技术人员。',
      en: 'Try again shortly; if it persists, tell your technical staff.',
    },
  },
  PEER_TIMEOUT: {
    zh: '这家机构没有及时答复。',
    en: 'This organisation did not answer in time.',
    next: { zh: '请稍后再试，或缩小查询范围。', en: 'Try again shortly, or ask for less.' },
  },
  PEER_CERTIFICATE: {
    zh: '无法确认对方就是这家机构，没有发出请求。',
    en: 'The other side could not be confirmed as this organisation, so nothing was sent.',
    next: {
      zh: '请让技术人员核对该机构登记的证书。',
      en: "Ask your technical staff to check the organisation's registered certificate.",
    },
  },
  PEER_REFUSED: {
    zh: '这家机构没有受理请求。',
    en: 'This organisation did not accept the request.',
    next: {
      zh: '请把请求编号告诉技术人员。',
      en: 'Give the number of this request to your technical staff.',
    },
  },
  PEER_UNAVAILABLE: {
    zh: '这家机构的系统暂时不能答复。',
    en: "This organisation's system cannot answer at present.",
    next: {
      zh: '请稍后再试；仍不成功，请联系该机构。',
      en: 'Try again shortly; if it persists, call that organisation.',
    },
  },
  PEER_INVALID_RESPONSE: {
    zh: '答复未通过验证，因此没有采用任何内容。',
    en: 'The reply did not pass verification, so nothing of it was used.',
    next: {
      zh: '请把请求编号告诉隐私保护负责人。',
      en: 'Give the number of this request to your privacy officer.',
    },
  },
};
