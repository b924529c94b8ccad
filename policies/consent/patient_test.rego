package medseal.consent.patient_test

import data.medseal.consent
import data.medseal.consent.fixtures_test as given

denied_by(changes, rules) if {
	result := consent.decision with input as object.union(given.patient, changes)
	result.permit == false
	result.rules == rules
}

test_patients_read_their_own if {
	every action in ["read", "search", "history", "everything"] {
		result := consent.decision with input as object.union(given.patient, {"request": {"action": action}})
		result.rules == ["patient.own"]
		result.grants == [{"types": "all", "labels": "all"}]
	}
}

test_patients_do_not_write_or_erase if {
	denied_by({"request": {"action": "write"}}, ["action.not-permitted"])
	denied_by({"request": {"action": "erase"}}, ["action.not-permitted"])
}

test_patients_ask_for_themselves_only if {
	denied_by({"request": {"purpose": "TREAT"}}, ["purpose.not-permitted"])
	denied_by({"patient": "p2"}, ["patient.not-own"])
	denied_by({"patient": null}, ["patient.not-own"])
	denied_by({"actor": {"patient": null}}, ["patient.not-own"])
	denied_by({"actor": {"patient": null}, "patient": null}, ["patient.not-own"])
}

test_another_patient_and_an_absent_one_are_denied_alike if {
	other := consent.decision with input as object.union(given.patient, {"patient": "p2"})
	absent := consent.decision with input as object.union(given.patient, {"patient": null})
	other == absent
}

test_patients_may_read_the_directory if {
	result := consent.decision with input as object.union(
		given.patient,
		{"patient": null, "request": {"types": ["Practitioner", "Observation"]}},
	)
	result.rules == ["directory.read"]
	result.grants == [{"types": ["Practitioner"], "labels": "all"}]
	denied_by({"patient": null, "request": {"types": ["Observation"]}}, ["patient.not-own"])
	denied_by(
		{"patient": null, "actor": {"patient": null}, "request": {"types": ["Practitioner"]}},
		["patient.not-own"],
	)
}
