# METADATA
# title: Inputs that the tests start from
package medseal.consent.fixtures_test

staff := {
	"now": 1000,
	"organization": "hospital-a",
	"actor": {
		"kind": "staff",
		"organization": "hospital-a",
		"memberState": null,
		"roles": ["clinician"],
		"patient": null,
	},
	"request": {"purpose": "TREAT", "action": "read", "types": ["Observation"]},
	"patient": "p1",
	"ledger": {"freshUntil": 1030},
	"consents": [],
}

patient := object.union(staff, {
	"actor": {"kind": "patient", "organization": null, "memberState": null, "roles": [], "patient": "p1"},
	"request": {"purpose": "PATRQT", "action": "read", "types": "all"},
})

partner := object.union(staff, {
	"actor": {
		"kind": "peer",
		"organization": "hospital-b",
		"memberState": "registered",
		"roles": ["clinician"],
		"patient": null,
	},
	"consents": [consent],
})

consent := {
	"id": "c1",
	"version": 1,
	"patient": "p1",
	"custodian": "hospital-a",
	"status": "active",
	"ledger": "active",
	"signedAt": 900,
	"recipients": ["hospital-b"],
	"purposes": ["TREAT"],
	"start": 900,
	"end": 2000,
	"types": ["MedicationRequest", "Observation"],
	"labels": [],
	"instances": "all",
	"dataPeriod": null,
	"exclusions": [],
}

exclusion := {
	"recipients": [],
	"purposes": [],
	"start": null,
	"end": null,
	"types": [],
	"labels": [],
	"instances": [],
	"dataPeriod": null,
}

# `base` with some of its parts replaced, deeply.
altered(base, changes) := object.union(base, changes)

asking(request) := object.union(partner, {"request": request})

consenting(changes) := object.union(partner, {"consents": [object.union(consent, changes)]})

excluding(changes) := consenting({"exclusions": [object.union(exclusion, changes)]})
