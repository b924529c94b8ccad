import { responseBundle } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { answer, answerWrite, type Handler } from './answers.ts';
import { writeBundle } from './bundle.ts';
import { destroyPatient } from './erase.ts';
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

/** `Patient/{id}/$erase`: for a privacy officer, for good. */
export const postErase: Handler = async (request, response, context) => {
  await destroyPatient(idFor(request.params['id']) as PatientId, context);
  response.status(204).end();
};
