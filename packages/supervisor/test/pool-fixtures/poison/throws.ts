throw new Error('no luck');
export const run = () => 1;
