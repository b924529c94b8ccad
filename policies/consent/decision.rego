# METADATA
# title: May this actor do this to this patient's records?
# description: |
#   The one entry point. Denies unless every request rule is met and somebody grants. The output is an object:
#   {permit: true, rules, grants, exclusions, redactions, obligations} or {permit: false, rules, reasons, findings}.
#   `reasons` are for the one who asked; `findings` say why single consents did not count and stay inside.
# schemas:
#   - input: schema.input
package medseal.consent

import data.medseal.consent.form
import data.medseal.consent.partner
import data.medseal.consent.patient
import data.medseal.consent.purposes
import data.medseal.consent.staff
import data.medseal.consent.texts

# METADATA
# entrypoint: true
default decision := {"permit": false, "rules": ["policy.default"], "reasons": [], "findings": []}

decision := permission if permitted

decision := denial if not permitted

default permitted := false

permitted if {
	form.sound
	count(refusals) == 0
	count(grants) > 0
}

permission := {
	"permit": true,
	"rules": sort({grant.rule | some grant in grants}),
	"grants": [object.remove(grant, ["rule"]) | some grant in grants],
	"exclusions": exclusions,
	"redactions": redactions,
	"obligations": obligations,
}

denial := {
	"permit": false,
	"rules": [reason.rule | some reason in reasons],
	"reasons": reasons,
	"findings": findings,
}

actor_kinds := {"staff", "patient", "peer"}

# The first group of reasons that has any speaks alone: what is wrong with the request itself never depends on the
# patient, and what depends on the patient is one and the same sentence for a partner.
default reasons := []

reasons := [texts.reason("request.malformed")] if not form.sound

reasons := [texts.reason(rule) | some rule in sort(refusals)] if {
	form.sound
	count(refusals) > 0
}

reasons := [texts.reason(absent_grant)] if {
	form.sound
	count(refusals) == 0
}

refusals contains "purpose.unknown" if not input.request.purpose in purposes.known

refusals contains "purpose.break-glass" if input.request.purpose == "BTG"

refusals contains "action.unknown" if not input.request.action in purposes.actions

refusals contains "actor.unknown" if not input.actor.kind in actor_kinds

refusals contains rule if {
	input.actor.kind == "staff"
	some rule in staff.refusals
}

refusals contains rule if {
	input.actor.kind == "patient"
	some rule in patient.refusals
}

refusals contains rule if {
	input.actor.kind == "peer"
	some rule in partner.refusals
}

default grants := []

grants := staff.grants if input.actor.kind == "staff"

grants := patient.grants if input.actor.kind == "patient"

grants := partner.grants if input.actor.kind == "peer"

default exclusions := []

exclusions := partner.excluded if input.actor.kind == "peer"

default absent_grant := "policy.default"

absent_grant := staff.absent_grant if input.actor.kind == "staff"

absent_grant := "patient.not-own" if input.actor.kind == "patient"

absent_grant := "consent.none" if input.actor.kind == "peer"

default redactions := []

redactions := partner.redactions if input.actor.kind == "peer"

default obligations := ["AUDIT"]

obligations := partner.obligations if input.actor.kind == "peer"

default findings := []

findings := partner.findings if {
	form.sound
	count(refusals) == 0
	input.actor.kind == "peer"
}
