package medseal.consent_test

import data.medseal.consent
import data.medseal.consent.fixtures_test as given
import data.medseal.consent.texts

denied_by(document, rules) if {
	result := consent.decision with input as document
	result.permit == false
	result.rules == rules
	[reason.rule | some reason in result.reasons] == rules
}

test_every_kind_of_actor_has_a_permitted_case if {
	every document in [given.staff, given.patient, given.partner] {
		result := consent.decision with input as document
		result.permit == true
		count(result.grants) > 0
	}
}

test_no_input_denies if {
	denied_by({}, ["request.malformed"])
	denied_by(null, ["request.malformed"])
	denied_by([], ["request.malformed"])
	denied_by("permit", ["request.malformed"])
}

test_unknown_purpose_is_denied if {
	denied_by(given.asking({"purpose": "MARKETING"}), ["purpose.unknown"])
	denied_by(given.altered(given.staff, {"request": {"purpose": "treat"}}), ["purpose.unknown"])
}

test_break_glass_is_denied_with_its_own_reason if {
	denied_by(given.asking({"purpose": "BTG"}), ["purpose.break-glass"])
	denied_by(given.altered(given.staff, {"request": {"purpose": "BTG"}}), ["purpose.break-glass"])
}

test_unknown_action_is_denied if denied_by(given.asking({"action": "export"}), ["action.unknown"])

test_unknown_and_system_actors_are_denied if {
	denied_by(given.altered(given.staff, {"actor": {"kind": "system"}}), ["actor.unknown"])
	denied_by(given.altered(given.staff, {"actor": {"kind": "root"}}), ["actor.unknown"])
}

test_several_request_faults_are_all_named if {
	denied_by(
		given.altered(given.partner, {"now": 5000, "actor": {"memberState": "disabled"}}),
		["ledger.stale", "member.not-registered"],
	)
}

test_a_partner_gets_obligations_and_redactions_and_others_none if {
	partner := consent.decision with input as given.partner
	partner.redactions == ["Patient.identifier", "contained", "note", "text"]
	partner.obligations == ["AUDIT", "CPLYCD", "ENCRYPT", "NORDSCLCD"]
	every document in [given.staff, given.patient] {
		result := consent.decision with input as document
		result.redactions == []
		result.obligations == ["AUDIT"]
	}
}

test_every_text_is_complete if {
	every rule in object.keys(texts.table) {
		reason := texts.reason(rule)
		reason.rule == rule
		every text in [reason.zh, reason.en, reason.next.zh, reason.next.en] {
			count(text) > 5
		}
		regex.match(`\p{Han}`, reason.zh)
		regex.match(`\p{Han}`, reason.next.zh)
		not regex.match(`\p{Han}`, reason.en)
		not regex.match(`\p{Han}`, reason.next.en)
	}
}
