# METADATA
# title: Is the input complete and of the right types?
# description: |
#   Everything is stated positively, so that a missing, superfluous or ill-typed field leaves `sound` undefined
#   and the decision denies. Consents are checked one by one: an unsound one grants nothing.
# schemas:
#   - input: schema.input
package medseal.consent.form

default sound := false

sound if {
	keys(input) == {"actor", "consents", "ledger", "now", "organization", "patient", "request"}
	is_time(input.now)
	is_name(input.organization)
	is_optional_name(input.patient)
	is_array(input.consents)
	sound_actor
	sound_request
	keys(input.ledger) == {"freshUntil"}
	is_time(input.ledger.freshUntil)
}

sound_actor if {
	keys(input.actor) == {"kind", "memberState", "organization", "patient", "roles"}
	is_name(input.actor.kind)
	is_optional_name(input.actor.organization)
	is_optional_name(input.actor.memberState)
	is_optional_name(input.actor.patient)
	is_names(input.actor.roles)
}

sound_request if {
	keys(input.request) == {"action", "purpose", "types"}
	is_name(input.request.purpose)
	is_name(input.request.action)
	is_selection(input.request.types)
}

consent_keys := {
	"custodian", "dataPeriod", "end", "exclusions", "id", "instances", "labels", "ledger", "patient", "purposes",
	"recipients", "signedAt", "start", "status", "types", "version",
}

exclusion_keys := {"dataPeriod", "end", "instances", "labels", "purposes", "recipients", "start", "types"}

sound_consent(consent) if {
	keys(consent) == consent_keys
	every name in ["custodian", "id", "ledger", "patient", "status"] {
		is_name(consent[name])
	}
	every name in ["signedAt", "start", "end"] {
		is_time(consent[name])
	}
	every name in ["labels", "purposes", "recipients"] {
		is_names(consent[name])
	}
	is_whole(consent.version)
	is_selection(consent.types)
	is_selection(consent.instances)
	is_data_period(consent.dataPeriod)
	is_array(consent.exclusions)
	every exclusion in consent.exclusions {
		sound_exclusion(exclusion)
	}
}

sound_exclusion(exclusion) if {
	keys(exclusion) == exclusion_keys
	every name in ["instances", "labels", "purposes", "recipients", "types"] {
		is_names(exclusion[name])
	}
	every name in ["start", "end"] {
		is_optional_time(exclusion[name])
	}
	is_data_period(exclusion.dataPeriod)
}

keys(value) := {key | is_object(value); some key, _ in value}

is_name(value) if {
	is_string(value)
	value != ""
}

is_optional_name(value) if value == null

is_optional_name(value) if is_name(value)

is_names(value) if {
	is_array(value)
	every name in value {
		is_name(name)
	}
}

is_selection(value) if value == "all"

is_selection(value) if {
	is_names(value)
	count(value) > 0
}

is_whole(value) if {
	is_number(value)
	value >= 0
	floor(value) == value
}

# 9999-12-31T23:59:59Z; a time in milliseconds does not pass for one in seconds.
is_time(value) if {
	is_whole(value)
	value <= 253402300799
}

is_optional_time(value) if value == null

is_optional_time(value) if is_time(value)

is_data_period(value) if value == null

is_data_period(value) if {
	keys(value) == {"end", "start"}
	every bound in value {
		is_optional_date(bound)
	}
}

is_optional_date(value) if value == null

is_optional_date(value) if {
	is_string(value)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, value)
}
