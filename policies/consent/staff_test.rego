package medseal.consent.staff_test

import data.medseal.consent
import data.medseal.consent.fixtures_test as given
import data.medseal.consent.staff

acting(roles, purpose, action) := object.union(given.staff, {
	"actor": {"roles": roles},
	"request": {"purpose": purpose, "action": action},
})

asking(roles, purpose, types) := object.union(given.staff, {
	"actor": {"roles": roles},
	"request": {"purpose": purpose, "types": types},
})

permits(document, rules) if {
	result := consent.decision with input as document
	result.permit == true
	result.rules == rules
}

denied_by(document, rules) if {
	result := consent.decision with input as document
	result.permit == false
	result.rules == rules
}

test_a_clinician_treats if {
	every action in ["read", "search", "history", "everything", "write"] {
		result := consent.decision with input as acting(["clinician"], "TREAT", action)
		result.permit == true
		"role.clinician" in result.rules
		result.grants[0] == {"types": ["Observation"], "labels": "all"}
	}
	denied_by(acting(["clinician"], "HPAYMT", "write"), ["role.not-permitted"])
	denied_by(acting(["clinician"], "TREAT", "erase"), ["role.not-permitted"])
	denied_by(acting(["clinician"], "PATRQT", "read"), ["role.not-permitted"])
}

test_no_consent_and_no_fresh_ledger_is_needed_in_the_house if {
	permits(object.union(given.staff, {"ledger": {"freshUntil": 0}}), ["role.clinician"])
}

test_a_pharmacist_sees_medication_only if {
	result := consent.decision with input as asking(["pharmacist"], "TREAT", ["MedicationRequest", "Procedure"])
	result.grants == [{"types": ["MedicationRequest"], "labels": "all"}]
	everything := consent.decision with input as asking(["pharmacist"], "TREAT", "all")
	everything.grants[0].types == sort(staff.medication_types)
	denied_by(asking(["pharmacist"], "TREAT", ["Procedure"]), ["type.not-permitted"])
	denied_by(acting(["pharmacist"], "TREAT", "write"), ["role.not-permitted"])
}

test_a_registrar_registers_and_settles_but_sees_no_sensitive_content if {
	result := consent.decision with input as asking(["registrar"], "HOPERAT", ["Patient", "Observation"])
	result.grants == [{"types": ["Patient"], "labels": []}]
	permits(asking(["registrar"], "HOPERAT", ["Consent"]), ["role.registrar"])
	permits(acting(["registrar"], "TREAT", "write"), ["role.registrar"])
	permits(asking(["registrar"], "HPAYMT", ["Claim"]), ["role.registrar"])
	denied_by(asking(["registrar"], "HPAYMT", ["Observation"]), ["type.not-permitted"])
	denied_by(acting(["registrar"], "TREAT", "everything"), ["role.not-permitted"])
}

test_a_privacy_officer_oversees_and_erases if {
	permits(asking(["privacy-officer"], "HOPERAT", ["AuditEvent"]), ["role.privacy-officer"])
	permits(acting(["privacy-officer"], "HOPERAT", "erase"), ["role.privacy-officer"])
	denied_by(asking(["privacy-officer"], "HOPERAT", ["Observation"]), ["type.not-permitted"])
	denied_by(acting(["privacy-officer"], "TREAT", "erase"), ["role.not-permitted"])
}

test_administrators_regulators_and_researchers_see_no_records if {
	every role in ["administrator", "regulator", "researcher"] {
		every purpose in ["TREAT", "HPAYMT", "HOPERAT", "HRESCH"] {
			denied_by(acting([role], purpose, "read"), ["role.not-permitted"])
		}
	}
}

test_two_roles_add_up if {
	result := consent.decision with input as asking(["registrar", "privacy-officer"], "HOPERAT", "all")
	result.rules == ["role.privacy-officer", "role.registrar"]
	count(result.grants) == 2
}

# Of nobody: a type of the directory in a patient's compartment is that patient's record.
of_nobody(document) := object.union(document, {"patient": null})

test_everybody_in_the_house_may_read_the_directory if {
	document := of_nobody(asking(["administrator"], "HOPERAT", ["Practitioner", "Patient"]))
	permits(document, ["directory.read"])
	result := consent.decision with input as document
	result.grants == [{"types": ["Practitioner"], "labels": "all"}]
	denied_by(of_nobody(asking(["administrator"], "HOPERAT", "all")), ["role.not-permitted"])
	denied_by(
		of_nobody(object.union(
			acting(["administrator"], "HOPERAT", "write"),
			{"request": {"types": ["Practitioner"]}},
		)),
		["role.not-permitted"],
	)
}

test_the_directory_is_not_in_a_patients_compartment if {
	every role in ["administrator", "regulator", "researcher"] {
		every action in ["read", "search", "history"] {
			denied_by(
				object.union(acting([role], "HOPERAT", action), {"request": {"types": ["Medication"]}}),
				["role.not-permitted"],
			)
		}
	}
	denied_by(asking(["registrar"], "HOPERAT", ["Medication"]), ["type.not-permitted"])
	permits(asking(["pharmacist"], "TREAT", ["Medication"]), ["role.pharmacist"])
	permits(asking(["clinician"], "TREAT", ["Medication"]), ["role.clinician"])
}

test_an_unknown_role_is_denied if {
	denied_by(acting([], "TREAT", "read"), ["role.unknown"])
	denied_by(acting(["Clinician"], "TREAT", "read"), ["role.unknown"])
	permits(acting(["wizard", "clinician"], "TREAT", "read"), ["role.clinician"])
}

test_staff_of_another_organisation_are_denied if {
	denied_by(object.union(given.staff, {"actor": {"organization": "hospital-b"}}), ["actor.foreign"])
	denied_by(object.union(given.staff, {"actor": {"organization": null}}), ["actor.foreign"])
}
