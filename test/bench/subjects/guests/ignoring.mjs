/** Decides not to run: its supervisor keeps the spec, and no thread. */
import { IGNORE, server } from '@espalier/core';

export default server({ init: () => IGNORE });
