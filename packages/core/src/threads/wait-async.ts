/** `Atomics.waitAsync`: in V8 since Node 16, in the ES library's types only since ES2024. */
type Waiting =
  | { readonly async: false; readonly value: string }
  | { readonly async: true; readonly value: Promise<string> };

/** Resolves when another thread has notified, at once if the word is no longer `value`. Does not keep the thread alive. */
export async function waitAsync(words: Int32Array, index: number, value: number): Promise<void> {
  const { waitAsync: wait } = Atomics as unknown as {
    waitAsync(words: Int32Array, index: number, value: number): Waiting;
  };
  await wait(words, index, value).value;
}
