/** In which order the questions of first contact are put, when not all answers come in the order asked. */
import { expect, test } from '@jest/globals';
import { FirstQuestions } from '../../src/guest/first-questions.js';

test('first questions: no address is asked for while a name is, and nothing overtakes it', async () => {
  const questions = new FirstQuestions();
  const asked: string[] = [];
  const answers = new Map<string, () => void>();
  const put = (what: string): void =>
    questions.put(what.startsWith('name'), () => {
      asked.push(what);
      return new Promise<void>((resolve) => answers.set(what, resolve));
    });
  const answer = async (what: string): Promise<void> => {
    answers.get(what)?.();
    await Promise.resolve();
    await Promise.resolve();
  };

  put('address 1');
  put('name 2');
  put('name 3');
  put('address 4');
  put('name 5');
  expect(asked).toEqual(['address 1', 'name 2', 'name 3']);
  await answer('name 3');
  expect(asked).toHaveLength(3);
  await answer('name 2');
  expect(asked).toEqual(['address 1', 'name 2', 'name 3', 'address 4', 'name 5']);
});
