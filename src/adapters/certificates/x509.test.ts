/** The adapter under its contract. */
import { certificatesContract } from '../../ports/certificates.contract.ts';
import { x509Certificates } from './x509.ts';

certificatesContract(x509Certificates);
