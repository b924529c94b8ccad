import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { actorOf, IdentityError } from '../identity/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { EvidenceLogError } from './errors.ts';
import type { EvidenceLog } from './evidence-log.ts';

const page = z.strictObject({
  from: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).default(1),
  count: z.coerce.number().int().min(1).max(500).default(100),
});
const patientId = z.string().regex(/^[A-Za-z0-9\-.]{1,64}$/);

/**
 * A patient's accesses, denied ones too, in their gapless order and each with its proof. For the patient, and for the
 * privacy officer, whose look is itself an access.
 */
export function evidenceLogRoutes(
  log: Pick<EvidenceLog, 'accessHistory' | 'accessWriter'>,
  now: () => Date,
): Router {
  const router = Router(exactPaths);
  router.get('/patients/:patientId/accesses', async (request: Request, response: Response) => {
    const id = patientId.safeParse(request.params['patientId']);
    const asked = page.safeParse(request.query);
    if (!id.success || !asked.success) throw new EvidenceLogError('EVIDENCE_REQUEST_INVALID');
    await permitted(id.data, response, { log, now });
    const accesses = await log.accessHistory(id.data, asked.data);
    response.json({ accesses });
  });
  return router;
}

async function permitted(
  patient: string,
  response: Response,
  { log, now }: { log: Pick<EvidenceLog, 'accessWriter'>; now: () => Date },
): Promise<void> {
  const actor = actorOf(response);
  if (actor.kind === 'patient' && actor.patientId === patient) return;
  const isOfficer = actor.kind === 'staff' && actor.roles.includes('privacy-officer');
  await log.accessWriter.write({
    interaction: 'read',
    outcome: isOfficer ? 'success' : 'denied',
    actor,
    at: now().toISOString(),
    patientId: patient,
    purpose: 'HOPERAT',
    instances: ['AuditEvent'],
    ...(isOfficer ? {} : { reasons: ['IDENTITY_FORBIDDEN'] }),
  });
  if (!isOfficer) throw new IdentityError('IDENTITY_FORBIDDEN');
}
