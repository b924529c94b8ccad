# METADATA
# title: Which of the requested resource types are granted
# description: A list of types is closed; "all" is every type. The result is "all", a sorted list, or nothing.
package medseal.consent.types

overlap(requested, granted) := "all" if {
	requested == "all"
	granted == "all"
}

overlap(requested, granted) := sort({type | some type in granted}) if {
	requested == "all"
	is_array(granted)
	count(granted) > 0
}

overlap(requested, granted) := sort({type | some type in requested}) if {
	granted == "all"
	is_array(requested)
	count(requested) > 0
}

overlap(requested, granted) := sort(common) if {
	is_array(requested)
	is_array(granted)
	common := {type | some type in requested; type in granted}
	count(common) > 0
}
