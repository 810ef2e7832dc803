/**
 * About how many bytes a value takes, at most; Infinity for more than `most`, and for what is not plain. For who puts
 * several messages into one, which must not become too large: walks no further than it has to.
 */
export function roughSize(value: unknown, most: number): number {
  let left = most;
  const walk = (one: unknown): void => {
    left -= 16;
    if (left < 0) return;
    if (typeof one === 'string') left -= 3 * one.length;
    else if (typeof one === 'object' && one !== null) {
      if (ArrayBuffer.isView(one)) left -= one.buffer.byteLength;
      else if (Array.isArray(one)) for (const element of one) walk(element);
      else if (Object.getPrototypeOf(one) !== Object.prototype) left = -1;
      else {
        for (const [key, field] of Object.entries(one)) {
          left -= 3 * key.length;
          walk(field);
        }
      }
    } else if (typeof one === 'bigint') left = -1;
  };
  walk(value);
  return left < 0 ? Infinity : most - left;
}
