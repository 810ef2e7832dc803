/** Of the body of a request. A larger one is refused before it has arrived. */
export const LARGEST_REQUEST_BYTES = 4 * 1024 * 1024;
