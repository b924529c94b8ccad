# METADATA
# title: What the custodian's own staff may do
# description: By role, purpose, action and resource type. The records stay in the house, so no consent is asked.
# schemas:
#   - input: schema.input
package medseal.consent.staff

import data.medseal.consent.purposes
import data.medseal.consent.types

reading := ["read", "search", "history"]

known_roles := {
	"clinician", "registrar", "pharmacist", "privacy-officer", "administrator", "regulator", "researcher",
}

register_types := ["Account", "Consent", "Coverage", "Encounter", "Patient", "RelatedPerson"]

payment_types := ["Account", "Claim", "ClaimResponse", "Coverage", "Encounter", "ExplanationOfBenefit", "Patient"]

medication_types := [
	"AllergyIntolerance", "Condition", "DetectedIssue", "Medication", "MedicationAdministration",
	"MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation", "Patient",
]

oversight_types := ["AuditEvent", "Consent", "Patient", "Provenance"]

rules := [
	{
		"role": "clinician",
		"purposes": ["TREAT"],
		"actions": ["read", "search", "history", "everything", "write"],
		"types": "all",
		"labels": "all",
	},
	{"role": "pharmacist", "purposes": ["TREAT"], "actions": reading, "types": medication_types, "labels": "all"},
	{
		"role": "registrar",
		"purposes": ["TREAT", "HOPERAT"],
		"actions": reading,
		"types": register_types,
		"labels": [],
	},
	{"role": "registrar", "purposes": ["TREAT", "HOPERAT"], "actions": ["write"], "types": "all", "labels": "all"},
	{"role": "registrar", "purposes": ["HPAYMT"], "actions": reading, "types": payment_types, "labels": []},
	{"role": "privacy-officer", "purposes": ["HOPERAT"], "actions": reading, "types": oversight_types, "labels": []},
	{"role": "privacy-officer", "purposes": ["HOPERAT"], "actions": ["erase"], "types": "all", "labels": "all"},
]

refusals contains "actor.foreign" if not own

own if {
	is_string(input.actor.organization)
	input.actor.organization == input.organization
}

refusals contains "role.unknown" if not has_known_role

has_known_role if {
	some role in input.actor.roles
	role in known_roles
}

# A rule that fits role, purpose and action, whatever the types.
fitting := [rule |
	some rule in rules
	rule.role in input.actor.roles
	input.request.purpose in rule.purposes
	input.request.action in rule.actions
]

grants := array.concat(role_grants, directory_grants)

role_grants := [grant |
	some rule in fitting
	grant := {
		"rule": concat(".", ["role", rule.role]),
		"types": types.overlap(input.request.types, rule.types),
		"labels": rule.labels,
	}
]

default directory_grants := []

# The directory is nobody's: a Medication that was made for one patient's prescription is that patient's record.
directory_grants := [{
	"rule": "directory.read",
	"types": types.overlap(input.request.types, sort(purposes.directory)),
	"labels": "all",
}] if {
	input.patient == null
	input.request.action in reading
	input.request.types != "all"
}

default absent_grant := "role.not-permitted"

absent_grant := "type.not-permitted" if count(fitting) > 0
