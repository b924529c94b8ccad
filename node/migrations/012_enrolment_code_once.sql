-- Lock risk: an exclusive lock on enrolment_code for an instant. Data risk: codes that stand are given up; they last 15 minutes.

-- A patient has one code at most, also where two desks issue one at the same moment.
delete from enrolment_code;
drop index enrolment_code_patient;
create unique index enrolment_code_patient on enrolment_code (patient_token);
