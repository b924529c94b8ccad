import { errorIssue, operationOutcome, responseBundle } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { answer, answerWrite, type Handler } from './answers.ts';
import { writeBundle } from './bundle.ts';
import { erasePatient, withdrawErasure } from './erase.ts';
import { idFor, ifMatchFor, ifNoneExistFor, resourceFor, typeFor } from './requests.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

export const postBundle: Handler = async ({ body }, response, context) => {
  const { kind, results } = await writeBundle(body, context);
  answer(response, responseBundle(kind, results));
};

export const postRecord: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'create');
  const ifNoneExist = ifNoneExistFor(request.get('If-None-Exist'));
  const resource = resourceFor(type, request.body);
  const result = await createRecord({ resource, ifNoneExist }, context);
  answerWrite(request, response, { result, context });
};

export const putRecord: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'update');
  const ifMatch = ifMatchFor(request.get('If-Match'));
  const resource = resourceFor(type, request.body);
  const id = idFor(request.params['id']);
  const result = await updateRecord({ resource, id, ifMatch }, context);
  answerWrite(request, response, { result, context });
};

export const deleteOne: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'delete');
  const id = idFor(request.params['id']);
  const ifMatch = ifMatchFor(request.get('If-Match'));
  const { version } = await deleteRecord({ type, id, ifMatch }, context);
  response.status(204).set('ETag', `W/"${version}"`).end();
};

/** `Patient/{id}/$erase`: for two privacy officers, for good. 202 for the first of them. */
export const postErase: Handler = async (request, response, context) => {
  const erasure = await erasePatient(idFor(request.params['id']) as PatientId, context);
  if (erasure.state === 'erased') {
    response.status(204).end();
    return;
  }
  const text = `另一位隐私专员须在 ${erasure.until} 之前同样提出，删除才会执行；在此之前可以撤回。The erasure is done when another privacy officer asks for it, too, before ${erasure.until}; until then it can be withdrawn.`;
  const issue = {
    severity: 'information',
    type: 'informational',
    code: 'RECORDS_ERASURE_ASKED',
    text,
  } as const;
  response.status(202);
  answer(response, operationOutcome([errorIssue(issue)]));
};

/** `Patient/{id}/$withdraw-erasure`: for any privacy officer, while only one has asked. */
export const postWithdrawErasure: Handler = async (request, response, context) => {
  await withdrawErasure(idFor(request.params['id']) as PatientId, context);
  response.status(204).end();
};
