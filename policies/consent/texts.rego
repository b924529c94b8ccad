# METADATA
# title: What each denial says
# description: One plain sentence and one next step for every rule, Chinese first. No text depends on the patient.
package medseal.consent.texts

reason(rule) := object.union({"rule": rule}, table[rule])

table["policy.default"] := {
	"zh": "没有规则允许这项操作，因此不予许可。",
	"en": "No rule allows this, so it is not allowed.",
	"next": {
		"zh": "如确有需要，请联系病历所在机构的隐私保护负责人。",
		"en": "If you need it, ask the privacy officer of the organisation that keeps the records.",
	},
}

table["request.malformed"] := {
	"zh": "请求不完整或格式不对，无法判断是否许可。",
	"en": "The request is incomplete or not well formed, so it cannot be decided.",
	"next": {
		"zh": "请核对请求后再试；仍不成功，请把请求编号告诉技术人员。",
		"en": "Check the request and try again; if it still fails, give its number to your technical staff.",
	},
}

table["purpose.unknown"] := {
	"zh": "没有说明用途，或用途不在许可的范围内。",
	"en": "The purpose is missing or is not one that is known here.",
	"next": {
		"zh": "请选择一种用途：诊疗、医保结算、医院管理、科研或患者本人申请。",
		"en": "Choose a purpose: treatment, payment, operations, research or the patient's own request.",
	},
}

table["purpose.not-permitted"] := {
	"zh": "您不能以这种用途查看。",
	"en": "You cannot ask for this purpose.",
	"next": {
		"zh": "患者请选择“本人申请”。",
		"en": "Patients choose \"at my own request\".",
	},
}

table["purpose.break-glass"] := {
	"zh": "紧急调阅尚未开通。",
	"en": "Emergency access is not open yet.",
	"next": {
		"zh": "请让患者或家属当场授权，或致电病历所在机构的值班人员。",
		"en": "Ask the patient or their family for consent now, or call the organisation that keeps the records.",
	},
}

table["action.unknown"] := {
	"zh": "不认识这项操作。",
	"en": "This action is not known here.",
	"next": {
		"zh": "请核对操作名称后再试。",
		"en": "Check the name of the action and try again.",
	},
}

table["action.not-permitted"] := {
	"zh": "您可以查看，但不能修改或删除。",
	"en": "You may look, but not change or delete.",
	"next": {
		"zh": "需要更正时，请联系病历所在机构。",
		"en": "If something must be corrected, contact the organisation that keeps the records.",
	},
}

table["actor.unknown"] := {
	"zh": "无法确认是谁在请求。",
	"en": "It is not clear who is asking.",
	"next": {
		"zh": "请重新登录后再试。",
		"en": "Sign in again and retry.",
	},
}

table["actor.foreign"] := {
	"zh": "您不是本机构的工作人员，不能在这里直接查看。",
	"en": "You are not on the staff of this organisation and cannot look here directly.",
	"next": {
		"zh": "请通过您所在机构的系统提出请求。",
		"en": "Ask through the system of your own organisation.",
	},
}

table["role.unknown"] := {
	"zh": "您的账号没有可用的岗位角色。",
	"en": "Your account has no role that is known here.",
	"next": {
		"zh": "请让您所在机构的管理员核对账号的角色。",
		"en": "Ask your organisation's administrator to check the roles of your account.",
	},
}

table["role.not-permitted"] := {
	"zh": "您的岗位不能为这一用途做这项操作。",
	"en": "Your role may not do this for this purpose.",
	"next": {
		"zh": "请核对所选用途，或请有权限的同事办理。",
		"en": "Check the purpose you chose, or ask a colleague whose role allows it.",
	},
}

table["type.not-permitted"] := {
	"zh": "您的岗位不能查看这类资料。",
	"en": "Your role may not see records of this kind.",
	"next": {
		"zh": "请只选择岗位需要的资料，或请有权限的同事办理。",
		"en": "Choose only what your role needs, or ask a colleague whose role allows it.",
	},
}

table["patient.not-own"] := {
	"zh": "这里没有您可以查看的本人资料。",
	"en": "There is nothing of your own to see here.",
	"next": {
		"zh": "您只能查看本人的资料；如有疑问，请到医院服务台咨询。",
		"en": "You can see your own records only; if in doubt, ask at the hospital's desk.",
	},
}

table["member.not-registered"] := {
	"zh": "贵机构目前不是联盟的有效成员。",
	"en": "Your organisation is not a registered member of the alliance at present.",
	"next": {
		"zh": "请联系联盟的监管方，完成登记或恢复成员资格。",
		"en": "Contact the regulator of the alliance to complete or restore the registration.",
	},
}

table["ledger.stale"] := {
	"zh": "本机构暂时无法确认授权是否仍然有效，因此先不提供资料。",
	"en": "This organisation cannot confirm right now that consents still stand, so nothing is released.",
	"next": {
		"zh": "请稍后再试；持续不行，请联系病历所在机构的技术人员检查账本连接。",
		"en": "Try again shortly; if it persists, ask the keeper of the records to check its link to the ledger.",
	},
}

table["consent.none"] := {
	"zh": "没有允许贵机构这样查看的患者授权。",
	"en": "There is no patient consent that allows your organisation to see this.",
	"next": {
		"zh": "请核对身份证号、用途和资料种类，并请患者向贵机构授权后再试。",
		"en": "Check the identity number, purpose and kinds of record, and ask the patient to consent to you.",
	},
}

# The texts below explain single consents to the custodian's privacy officer.

table["consent.malformed"] := finding("授权内容不完整，不予采用。", "The consent is incomplete and does not count.")

table["consent.other-patient"] := finding("授权属于另一位患者。", "The consent is another patient's.")

table["consent.other-custodian"] := finding("授权由其他机构保管。", "The consent is kept by another organisation.")

table["consent.inactive"] := finding("患者已撤回授权。", "The patient has revoked the consent.")

table["consent.ledger-inactive"] := finding("账本显示授权已失效。", "The ledger says that the consent is inactive.")

table["consent.ledger-mismatch"] := finding("授权与账本记录不一致。", "The consent differs from the ledger's record of it.")

table["consent.evidence-overdue"] := finding(
	"授权签署后未能按时记入账本。",
	"The consent was signed but not recorded on the ledger in time.",
)

table["consent.not-yet-valid"] := finding("授权尚未生效。", "The consent is not valid yet.")

table["consent.expired"] := finding("授权已过期。", "The consent has expired.")

table["consent.other-organization"] := finding("授权没有给这家机构。", "The consent does not name this organisation.")

table["consent.other-purpose"] := finding("授权不包括这一用途。", "The consent does not cover this purpose.")

table["consent.other-types"] := finding("授权不包括这类资料。", "The consent does not cover these kinds of record.")

table["consent.excluded"] := finding("患者在授权中排除了这些资料。", "The patient excluded all of this in the consent.")

finding(zh, en) := {
	"zh": zh,
	"en": en,
	"next": {"zh": "需要时请患者重新授权。", "en": "Where needed, ask the patient for a new consent."},
}
