# METADATA
# title: Is the input complete and of the right types?
# description: |
#   Everything is stated positively, so that a missing, superfluous or ill-typed field leaves `sound` undefined
#   and the decision denies. Consents are checked one by one: an unsound one grants nothing. Every field of an object
#   is checked by name and the fields are counted, so none can be missing and none superfluous.
# schemas:
#   - input: schema.input
package medseal.consent.form

default sound := false

sound if {
	has_fields(input, 7)
	is_time(input.now)
	is_name(input.organization)
	is_optional_name(input.patient)
	is_array(input.consents)
	sound_actor
	sound_request
	has_fields(input.ledger, 1)
	is_time(input.ledger.freshUntil)
}

sound_actor if {
	has_fields(input.actor, 5)
	is_name(input.actor.kind)
	is_optional_name(input.actor.organization)
	is_optional_name(input.actor.memberState)
	is_optional_name(input.actor.patient)
	is_names(input.actor.roles)
}

sound_request if {
	has_fields(input.request, 3)
	is_name(input.request.purpose)
	is_name(input.request.action)
	is_selection(input.request.types)
}

sound_consent(consent) if {
	has_fields(consent, 16)
	is_name(consent.custodian)
	is_name(consent.id)
	is_name(consent.ledger)
	is_name(consent.patient)
	is_name(consent.status)
	is_time(consent.signedAt)
	is_time(consent.start)
	is_time(consent.end)
	is_names(consent.labels)
	is_names(consent.purposes)
	is_names(consent.recipients)
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
	has_fields(exclusion, 8)
	is_names(exclusion.instances)
	is_names(exclusion.labels)
	is_names(exclusion.purposes)
	is_names(exclusion.recipients)
	is_names(exclusion.types)
	is_optional_time(exclusion.start)
	is_optional_time(exclusion.end)
	is_data_period(exclusion.dataPeriod)
}

has_fields(value, number) if {
	is_object(value)
	count(value) == number
}

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
	has_fields(value, 2)
	is_optional_date(value.start)
	is_optional_date(value.end)
}

is_optional_date(value) if value == null

is_optional_date(value) if {
	is_string(value)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, value)
}
