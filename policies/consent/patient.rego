# METADATA
# title: What patients may do
# description: Read what is their own, and the directory of places and people. Nothing else.
# schemas:
#   - input: schema.input
package medseal.consent.patient

import data.medseal.consent.purposes
import data.medseal.consent.types

reading := {"read", "search", "history", "everything"}

refusals contains "purpose.not-permitted" if input.request.purpose != "PATRQT"

refusals contains "action.not-permitted" if {
	input.request.action in purposes.actions
	not input.request.action in reading
}

default grants := []

grants := [{
	"rule": "patient.own",
	"types": input.request.types,
	"labels": "all",
}] if {
	is_string(input.actor.patient)
	input.actor.patient == input.patient
}

grants := [{
	"rule": "directory.read",
	"types": types.overlap(input.request.types, sort(purposes.directory)),
	"labels": "all",
}] if {
	is_string(input.actor.patient)
	input.patient == null
	input.request.types != "all"
}
