import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Admission, type Job } from '../../src/pool/admission.js';

describe('admission: what runs and what waits', () => {
  test('a job runs at once while there is a slot, waits while there is room, and is refused after that', () => {
    const ran: string[] = [];
    const admission = new Admission(1, 1);
    const job = (name: string): Job => ({ run: () => ran.push(name) });
    expect([admission.admit(job('a')), admission.admit(job('b')), admission.admit(job('c'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(ran).toEqual(['a']);
    admission.finished();
    expect(ran).toEqual(['a', 'b']);
  });

  test('a job that is withdrawn while it waits never runs, and frees its place', () => {
    const ran: string[] = [];
    const admission = new Admission(1, 1);
    const [a, b, c] = ['a', 'b', 'c'].map((name): Job => ({ run: () => ran.push(name) })) as [Job, Job, Job];
    admission.admit(a);
    admission.admit(b);
    expect(admission.withdraw(b)).toBe(true);
    expect(admission.withdraw(a)).toBe(false);
    expect(admission.admit(c)).toBe(true);
    admission.finished();
    expect(ran).toEqual(['a', 'c']);
  });

  test('whatever comes, the bounds hold, no slot is idle while a job waits, and jobs run in order', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('admit' as const) },
      { weight: 3, arbitrary: fc.constant('finish' as const) },
      { weight: 1, arbitrary: fc.constant('withdraw' as const) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat({ max: 5 }),
        fc.array(step, { maxLength: 60 }),
        (slots, queue, steps) => {
          const admission = new Admission(slots, queue);
          const ran: number[] = [];
          const admitted: { readonly number: number; readonly job: Job }[] = [];
          let number = 0;
          for (const what of steps) {
            if (what === 'admit') {
              const mine = (number += 1);
              const job: Job = { run: () => ran.push(mine) };
              const room = admission.running < slots || admission.waiting < queue;
              expect(admission.admit(job)).toBe(room);
              if (room) admitted.push({ number: mine, job });
            } else if (what === 'finish' && admission.running > 0) admission.finished();
            else if (what === 'withdraw') {
              const waits = admitted.find((one) => !ran.includes(one.number));
              if (waits !== undefined) {
                expect(admission.withdraw(waits.job)).toBe(true);
                admitted.splice(admitted.indexOf(waits), 1);
              }
            }
            expect(admission.running).toBeLessThanOrEqual(slots);
            expect(admission.waiting).toBeLessThanOrEqual(queue);
            if (admission.waiting > 0) expect(admission.running).toBe(slots);
            expect(ran).toEqual([...ran].sort((a, b) => a - b));
          }
        },
      ),
    );
  });
});
