package medseal.consent.form_test

import data.medseal.consent
import data.medseal.consent.fixtures_test as given
import data.medseal.consent.form

malformed(document) if {
	result := consent.decision with input as document
	result.rules == ["request.malformed"]
}

test_a_missing_field_denies_wherever_it_is if {
	every document in [given.staff, given.patient, given.partner] {
		every field in object.keys(document) {
			malformed(object.remove(document, [field]))
		}
		every field in object.keys(document.actor) {
			malformed(object.union(object.remove(document, ["actor"]), {"actor": object.remove(document.actor, [field])}))
		}
		every field in object.keys(document.request) {
			malformed(object.union(
				object.remove(document, ["request"]),
				{"request": object.remove(document.request, [field])},
			))
		}
	}
}

test_an_extra_field_denies_wherever_it_is if {
	malformed(given.altered(given.partner, {"subject": "p1"}))
	malformed(given.altered(given.partner, {"purpose": "TREAT"}))
	malformed(given.altered(given.partner, {"permit": true}))
	malformed(given.altered(given.partner, {"__proto__": {"permit": true}}))
	malformed(given.altered(given.partner, {"actor": {"subject": "hospital-b"}}))
	malformed(given.altered(given.partner, {"request": {"patient": "p1"}}))
	malformed(given.altered(given.partner, {"ledger": {"lease": 1}}))
}

test_an_ill_typed_field_denies if {
	every changes in [
		{"now": null}, {"now": "1000"}, {"now": -1}, {"now": 1.5}, {"now": 1790000000000}, {"organization": ""},
		{"organization": 5}, {"patient": ""}, {"patient": ["p1"]}, {"consents": {}}, {"consents": null},
		{"ledger": {"freshUntil": null}}, {"ledger": {"freshUntil": "9999"}}, {"ledger": null}, {"actor": null},
		{"actor": {"kind": ["peer"]}}, {"actor": {"roles": "clinician"}}, {"actor": {"roles": [1]}},
		{"actor": {"roles": [""]}}, {"actor": {"organization": true}}, {"actor": {"memberState": 1}},
		{"actor": {"patient": {}}}, {"request": null}, {"request": {"purpose": ["TREAT"]}}, {"request": {"action": null}},
		{"request": {"types": []}}, {"request": {"types": "Observation"}}, {"request": {"types": [null]}},
		{"request": {"types": {"0": "Observation"}}},
	] {
		malformed(object.union(given.partner, changes))
	}
}

test_a_consent_is_checked_field_by_field if {
	form.sound_consent(given.consent)
	every field in object.keys(given.consent) {
		not form.sound_consent(object.remove(given.consent, [field]))
	}
	every changes in [
		{"extra": 1}, {"id": ""}, {"version": 1.5}, {"version": "1"}, {"patient": null}, {"custodian": 1},
		{"status": true}, {"ledger": null}, {"signedAt": null}, {"recipients": "hospital-b"}, {"purposes": [1]},
		{"start": null}, {"end": "2000"}, {"types": []}, {"types": "some"}, {"labels": null}, {"instances": []},
		{"dataPeriod": {}}, {"dataPeriod": {"start": "2024", "end": null}}, {"dataPeriod": "2024"},
		{"exclusions": null}, {"exclusions": [{}]}, {"exclusions": [null]},
	] {
		not form.sound_consent(object.union(given.consent, changes))
	}
}

test_an_exclusion_is_checked_field_by_field if {
	form.sound_exclusion(given.exclusion)
	every field in object.keys(given.exclusion) {
		not form.sound_exclusion(object.remove(given.exclusion, [field]))
	}
	every changes in [
		{"extra": 1}, {"types": "all"}, {"labels": null}, {"instances": [1]}, {"recipients": {}}, {"purposes": "TREAT"},
		{"start": "1"}, {"end": -1}, {"dataPeriod": {"start": "2024-01-01"}},
	] {
		not form.sound_exclusion(object.union(given.exclusion, changes))
	}
}

test_open_and_closed_data_periods_are_sound if {
	every period in [
		null, {"start": "2024-01-01", "end": null}, {"start": null, "end": "2024-01-01"},
		{"start": "2024-01-01", "end": "2024-12-31"},
	] {
		form.sound_consent(object.union(given.consent, {"dataPeriod": period}))
	}
}
