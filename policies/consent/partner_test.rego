package medseal.consent.partner_test

import data.medseal.consent
import data.medseal.consent.fixtures_test as given
import data.medseal.consent.partner

denied_by(document, rules) if {
	result := consent.decision with input as document
	result.permit == false
	result.rules == rules
}

# Denied with the one sentence for partners; `finding` says inside why the consent did not count.
found(document, finding) if {
	denied_by(document, ["consent.none"])
	result := consent.decision with input as document
	some entry in result.findings
	entry.rule == finding
	entry.consentId == "c1"
}

exclusions(document) := result.exclusions if {
	result := consent.decision with input as document
	result.permit == true
}

grants(document) := result.grants if {
	result := consent.decision with input as document
	result.permit == true
}

test_a_consent_that_names_all_is_granted if {
	grants(given.partner) == [{
		"consentId": "c1",
		"consentVersion": 1,
		"types": ["Observation"],
		"labels": [],
	}]
}

test_without_a_consent_nothing_is_granted if {
	denied_by(object.union(given.partner, {"consents": []}), ["consent.none"])
	denied_by(object.union(given.partner, {"consents": [], "patient": null}), ["consent.none"])
}

test_each_condition_of_a_consent_is_asked if {
	found(given.consenting({"patient": "p2"}), "consent.other-patient")
	found(given.consenting({"custodian": "hospital-c"}), "consent.other-custodian")
	found(given.consenting({"status": "inactive"}), "consent.inactive")
	found(given.consenting({"status": "proposed"}), "consent.inactive")
	found(given.consenting({"ledger": "inactive"}), "consent.ledger-inactive")
	found(given.consenting({"ledger": "mismatch"}), "consent.ledger-mismatch")
	found(given.consenting({"ledger": "whatever"}), "consent.ledger-mismatch")
	found(given.consenting({"start": 1001}), "consent.not-yet-valid")
	found(given.consenting({"end": 999}), "consent.expired")
	found(given.consenting({"recipients": ["hospital-c"]}), "consent.other-organization")
	found(given.consenting({"recipients": []}), "consent.other-organization")
	found(given.consenting({"purposes": ["HPAYMT"]}), "consent.other-purpose")
	found(given.consenting({"types": ["Condition"]}), "consent.other-types")
	found(given.consenting({"types": []}), "consent.malformed")
}

test_the_period_includes_its_bounds if {
	count(grants(given.consenting({"start": 1000, "end": 1000}))) == 1
}

test_a_signed_consent_counts_a_while_before_the_ledger_has_it if {
	count(grants(given.consenting({"ledger": "pending", "signedAt": 1000 - partner.pending_limit}))) == 1
	found(
		given.consenting({"ledger": "pending", "signedAt": (1000 - partner.pending_limit) - 1}),
		"consent.evidence-overdue",
	)
}

test_no_patient_and_no_usable_consent_are_denied_alike if {
	absent := consent.decision with input as object.union(given.partner, {"patient": null, "consents": []})
	every changes in [
		{"status": "inactive"}, {"recipients": ["hospital-c"]}, {"end": 999}, {"types": ["Condition"]},
		{"purposes": ["HRESCH"]}, {"ledger": "mismatch"}, {"start": "tomorrow"},
	] {
		result := consent.decision with input as given.consenting(changes)
		json.marshal(object.remove(result, ["findings"])) == json.marshal(object.remove(absent, ["findings"]))
	}
}

test_types_are_the_overlap if {
	grants(given.asking({"types": "all"}))[0].types == ["MedicationRequest", "Observation"]
	grants(given.asking({"types": ["Patient", "Observation"]}))[0].types == ["Observation"]
	all := given.consenting({"types": "all"})
	grants(all)[0].types == ["Observation"]
	grants(object.union(all, {"request": {"types": "all"}}))[0].types == "all"
}

test_only_named_and_known_labels_are_opened if {
	grants(given.consenting({"labels": ["PSY", "N", "WITCH"]}))[0].labels == ["PSY"]
}

test_instances_and_data_period_narrow_the_grant if {
	result := grants(given.consenting({
		"instances": ["Observation/1"],
		"dataPeriod": {"start": "2024-01-01", "end": null},
	}))
	result[0].instances == ["Observation/1"]
	result[0].dataPeriod == {"start": "2024-01-01"}
}

test_an_exclusion_becomes_a_constraint if {
	exclusions(given.excluding({"labels": ["PSY"]})) == [{"labels": ["PSY"]}]
	exclusions(given.excluding({"types": ["Condition"], "instances": ["Condition/1"]})) == [{
		"types": ["Condition"],
		"instances": ["Condition/1"],
	}]
	exclusions(given.excluding({"dataPeriod": {"start": null, "end": "2020-12-31"}})) == [{"dataPeriod": {"end": "2020-12-31"}}]
}

test_an_exclusion_holds_for_whom_what_and_when_it_says if {
	every changes in [
		{"recipients": ["hospital-b"]}, {"recipients": ["hospital-c", "hospital-b"]}, {"purposes": ["TREAT"]},
		{"start": 1000}, {"end": 1000}, {},
	] {
		count(exclusions(given.excluding(object.union({"labels": ["PSY"]}, changes)))) == 1
	}
	every changes in [
		{"recipients": ["hospital-c"]}, {"purposes": ["HPAYMT"]}, {"start": 1001}, {"end": 999},
	] {
		count(exclusions(given.excluding(object.union({"labels": ["PSY"]}, changes)))) == 0
	}
}

test_an_exclusion_of_everything_takes_the_grant_back if {
	found(given.excluding({}), "consent.excluded")
	found(given.excluding({"recipients": ["hospital-b"]}), "consent.excluded")
	count(grants(given.excluding({"recipients": ["hospital-c"]}))) == 1
}

test_a_deny_in_one_consent_wins_over_a_permit_in_another if {
	second := object.union(given.consent, {"id": "c2", "exclusions": [object.union(given.exclusion, {"labels": ["PSY"]})]})
	both := object.union(given.partner, {"consents": [object.union(given.consent, {"labels": ["PSY"]}), second]})
	count(grants(both)) == 2
	exclusions(both) == [{"labels": ["PSY"]}]
}

test_a_deny_holds_though_its_consent_is_in_doubt if {
	every ledger in ["mismatch", "pending"] {
		doubtful := object.union(given.consent, {
			"id": "c2",
			"ledger": ledger,
			"signedAt": 0,
			"exclusions": [object.union(given.exclusion, {"labels": ["PSY"]})],
		})
		both := object.union(given.partner, {"consents": [given.consent, doubtful]})
		[grant.consentId | some grant in grants(both)] == ["c1"]
		exclusions(both) == [{"labels": ["PSY"]}]
	}
}

test_a_deny_ends_with_its_consent if {
	revoked := object.union(given.consent, {"id": "c2", "status": "inactive", "exclusions": [given.exclusion]})
	count(grants(object.union(given.partner, {"consents": [given.consent, revoked]}))) == 1
}

test_one_unreadable_consent_stops_all_grants if {
	every broken in [null, {}, {"id": "c2"}, object.union(given.consent, {"exclusions": [{}]})] {
		denied_by(object.union(given.partner, {"consents": [given.consent, broken]}), ["consent.none"])
	}
}

test_a_stale_ledger_denies if {
	denied_by(object.union(given.partner, {"ledger": {"freshUntil": 999}}), ["ledger.stale"])
	count(grants(object.union(given.partner, {"ledger": {"freshUntil": 1000}}))) == 1
}

test_only_registered_members_ask if {
	every state in ["saved", "disabled", "deleted", "Registered", null] {
		denied_by(object.union(given.partner, {"actor": {"memberState": state}}), ["member.not-registered"])
	}
	denied_by(object.union(given.partner, {"actor": {"organization": null}}), ["member.not-registered"])
	denied_by(object.union(given.partner, {"actor": {"organization": "hospital-a"}}), ["member.not-registered"])
}

test_a_role_is_needed_that_fits_the_purpose if {
	denied_by(object.union(given.partner, {"actor": {"roles": []}}), ["role.unknown"])
	denied_by(object.union(given.partner, {"actor": {"roles": ["janitor"]}}), ["role.unknown"])
	denied_by(object.union(given.partner, {"actor": {"roles": ["researcher"]}}), ["role.not-permitted"])
	denied_by(given.asking({"purpose": "PATRQT"}), ["role.not-permitted"])
	every case in [
		["TREAT", "pharmacist"], ["HPAYMT", "registrar"], ["HPAYMT", "administrator"], ["HOPERAT", "privacy-officer"],
		["HRESCH", "researcher"],
	] {
		document := given.altered(given.consenting({"purposes": [case[0]]}), {
			"actor": {"roles": [case[1]]},
			"request": {"purpose": case[0]},
		})
		count(grants(document)) == 1
	}
}

test_partners_read_and_never_write if {
	every action in ["search", "history", "everything"] {
		count(grants(given.asking({"action": action}))) == 1
	}
	denied_by(given.asking({"action": "write"}), ["action.not-permitted"])
	denied_by(given.asking({"action": "erase"}), ["action.not-permitted"])
}

test_redactions_follow_the_purpose if {
	payment := partner.redactions with input as given.asking({"purpose": "HPAYMT"})
	payment == ["note", "text"]
	research := partner.redactions with input as given.asking({"purpose": "HRESCH"})
	every element in ["Patient.name", "Patient.birthDate", "Patient.identifier", "contained", "note", "text"] {
		element in research
	}
	every element in ["Patient.extension", "RelatedPerson.name", "identifier", "patient", "subject", "beneficiary"] {
		element in research
		not element in payment
	}
	treatment := partner.redactions with input as given.asking({"purpose": "TREAT"})
	treatment == ["Patient.identifier", "contained", "note", "text"]
}
