/** Beside a server's certificate: where clients find what to trust. */
export const authorityFile = 'ca.pem';
