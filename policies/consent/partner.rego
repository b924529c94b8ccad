# METADATA
# title: What a partner of the alliance may be shown
# description: |
#   Only what the patient agreed to: an active consent, kept here, naming the organisation, the purpose, the period
#   and the types. What a consent excludes becomes a constraint of every grant: a deny wins (FHIR R4
#   Consent.provision, IHE PCF intermediate). A sensitive label is opened only where the consent names it.
# schemas:
#   - input: schema.input
package medseal.consent.partner

import data.medseal.consent.form
import data.medseal.consent.purposes
import data.medseal.consent.texts
import data.medseal.consent.types

reading := {"read", "search", "history", "everything"}

# Which human role may ask for what; patients' own requests and break-glass never come from a partner.
roles_for := {
	"TREAT": {"clinician", "pharmacist"},
	"HPAYMT": {"registrar", "administrator"},
	"HOPERAT": {"registrar", "administrator", "privacy-officer"},
	"HRESCH": {"researcher"},
	"PATRQT": set(),
	"BTG": {"clinician", "pharmacist"},
}

known_roles := {
	"clinician", "registrar", "pharmacist", "privacy-officer", "administrator", "regulator", "researcher",
}

sensitive := {"ETH", "ETHUD", "HIV", "OPIOIDUD", "PSY", "R", "SDV", "SEX"}

# How long a signed consent counts before the ledger has confirmed it, in seconds.
pending_limit := 600

obligations := ["AUDIT", "CPLYCD", "ENCRYPT", "NORDSCLCD"]

refusals contains "member.not-registered" if not registered

registered if {
	is_string(input.actor.organization)
	input.actor.organization != input.organization
	input.actor.memberState == "registered"
}

refusals contains "ledger.stale" if not fresh

fresh if input.now <= input.ledger.freshUntil

refusals contains "role.unknown" if not has_known_role

has_known_role if {
	some role in input.actor.roles
	role in known_roles
}

refusals contains "role.not-permitted" if {
	has_known_role
	input.request.purpose in purposes.known
	not role_fits
}

role_fits if {
	some role in input.actor.roles
	role in roles_for[input.request.purpose]
}

refusals contains "action.not-permitted" if {
	input.request.action in purposes.actions
	not input.request.action in reading
}

# Why a consent does not count. One that has no obstacle is in force for this request.
obstacles(consent) := {rule | some rule, met in conditions(consent); met == false} if {
	form.sound_consent(consent)
} else := {"consent.malformed"}

conditions(consent) := {
	"consent.other-patient": same_patient(consent),
	"consent.other-custodian": consent.custodian == input.organization,
	"consent.inactive": consent.status == "active",
	"consent.ledger-inactive": consent.ledger != "inactive",
	"consent.ledger-mismatch": consent.ledger in {"active", "inactive", "pending"},
	"consent.evidence-overdue": evidence_in_time(consent),
	"consent.not-yet-valid": consent.start <= input.now,
	"consent.expired": input.now <= consent.end,
	"consent.other-organization": input.actor.organization in consent.recipients,
	"consent.other-purpose": input.request.purpose in consent.purposes,
}

default same_patient(_) := false

same_patient(consent) if consent.patient == input.patient

default evidence_in_time(_) := false

evidence_in_time(consent) if consent.ledger != "pending"

evidence_in_time(consent) if input.now - consent.signedAt <= pending_limit

assessed := [{"consent": consent, "obstacles": obstacles(consent)} | some consent in input.consents]

in_force := [entry.consent | some entry in assessed; count(entry.obstacles) == 0]

# A consent that cannot be read may hold a deny that nobody knows of.
readable if {
	every entry in assessed {
		not "consent.malformed" in entry.obstacles
	}
}

# What the patient excluded holds even where the consent's own evidence is in doubt.
doubts := {"consent.evidence-overdue", "consent.ledger-mismatch"}

exclusions := [exclusion |
	some entry in assessed
	count(entry.obstacles - doubts) == 0
	some exclusion in entry.consent.exclusions
	excludes_now(exclusion)
]

excludes_now(exclusion) if {
	covers(exclusion.recipients, input.actor.organization)
	covers(exclusion.purposes, input.request.purpose)
	begun(exclusion.start)
	not_over(exclusion.end)
}

# An empty list narrows nothing: the exclusion is for everybody, for every purpose.
covers(list, _) if count(list) == 0

covers(list, name) if name in list

begun(start) if start == null

begun(start) if start <= input.now

not_over(end) if end == null

not_over(end) if input.now <= end

# An exclusion without any criterion on the content takes back everything.
everything_excluded if {
	some exclusion in exclusions
	exclusion.types == []
	exclusion.labels == []
	exclusion.instances == []
	exclusion.dataPeriod == null
}

default grants := []

grants := [grant |
	some consent in in_force
	grant := object.union(
		{
			"rule": "consent.granted",
			"consentId": consent.id,
			"consentVersion": consent.version,
			"types": types.overlap(input.request.types, consent.types),
			"labels": sort({label | some label in consent.labels; label in sensitive}),
		},
		narrowing(consent),
	)
] if {
	readable
	not everything_excluded
}

# They hold for every grant.
excluded := [content_of(exclusion) | some exclusion in exclusions]

narrowing(consent) := object.union(instances_of(consent), data_period_of(consent))

instances_of(consent) := {} if consent.instances == "all"

instances_of(consent) := {"instances": consent.instances} if consent.instances != "all"

data_period_of(consent) := {} if consent.dataPeriod == null

data_period_of(consent) := {"dataPeriod": bounds(consent.dataPeriod)} if consent.dataPeriod != null

bounds(period) := {name: bound | some name, bound in period; bound != null}

content_of(exclusion) := object.union(
	{name: exclusion[name] | some name in ["types", "labels", "instances"]; count(exclusion[name]) > 0},
	data_period_of(exclusion),
)

# Withheld from partners: narrative and notes may repeat what a label or a type hides, and contained resources carry
# no labels of their own. Identifiers link; the partner that asks knows the ones it may know.
base_redactions := {"note", "text"}

contained_redactions := {"contained"} if input.request.purpose != "HPAYMT"

contained_redactions := set() if input.request.purpose == "HPAYMT"

identifier_redactions := {"Patient.identifier"} if input.request.purpose != "HPAYMT"

identifier_redactions := set() if input.request.purpose == "HPAYMT"

# Whom the records are about is left out wherever it stands: references carry names as their display text, and a
# Patient's extensions its birthplace or the mother's maiden name.
research_redactions := {
	"Coverage.policyHolder", "Coverage.subscriber", "Coverage.subscriberId", "Patient.address", "Patient.birthDate",
	"Patient.contact", "Patient.extension", "Patient.name", "Patient.photo", "Patient.telecom", "RelatedPerson.address",
	"RelatedPerson.birthDate", "RelatedPerson.extension", "RelatedPerson.name", "RelatedPerson.photo",
	"RelatedPerson.telecom", "beneficiary", "identifier", "patient", "subject",
} if input.request.purpose == "HRESCH"

research_redactions := set() if input.request.purpose != "HRESCH"

redactions := sort((((base_redactions | contained_redactions) | identifier_redactions) | research_redactions))

# For the privacy officer and for replay; never shown to the partner, who must not learn what else there is.
findings := array.concat(consent_findings, [finding |
	some consent in in_force
	some finding in content_findings(consent)
])

consent_findings := [finding |
	some entry in assessed
	some rule in sort(entry.obstacles)
	finding := object.union(texts.reason(rule), {"consentId": object.get(entry.consent, ["id"], "")})
]

content_findings(consent) := [object.union(texts.reason("consent.other-types"), {"consentId": consent.id})] if {
	not types.overlap(input.request.types, consent.types)
}

content_findings(consent) := [object.union(texts.reason("consent.excluded"), {"consentId": consent.id})] if {
	types.overlap(input.request.types, consent.types)
	everything_excluded
}

content_findings(consent) := [] if {
	types.overlap(input.request.types, consent.types)
	not everything_excluded
}
