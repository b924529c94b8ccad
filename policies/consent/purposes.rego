# METADATA
# title: Purposes of use and actions that the policy knows
# description: HL7 v3-ActReason codes of IHE PCF, with HRESCH (research) and PATRQT (the patient's own request).
package medseal.consent.purposes

known := {"TREAT", "HPAYMT", "HOPERAT", "HRESCH", "PATRQT", "BTG"}

actions := {"read", "search", "history", "everything", "write", "erase"}

# Resource types outside every patient's compartment: who and where, never about whom.
directory := {"HealthcareService", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole"}
