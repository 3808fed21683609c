/** The operations that use keys, and those that import their bytes. */
import type { OperationTable } from '../../wire/operation.ts';
import type { KmsCtx } from './context.ts';
import * as dataKey from './data-key.ts';
import * as encryption from './encrypt.ts';
import * as material from './import-material.ts';
import * as mac from './mac.ts';
import * as publicKey from './public-key.ts';
import * as signing from './sign.ts';

export const cryptoOperations = {
  Encrypt: encryption.encrypt,
  Decrypt: encryption.decrypt,
  ReEncrypt: encryption.reEncrypt,
  GenerateDataKey: dataKey.generateDataKey,
  GenerateDataKeyWithoutPlaintext: dataKey.generateDataKeyWithoutPlaintext,
  GenerateDataKeyPair: dataKey.generateDataKeyPair,
  GenerateDataKeyPairWithoutPlaintext: dataKey.generateDataKeyPairWithoutPlaintext,
  GenerateRandom: dataKey.generateRandom,
  GenerateMac: mac.generateMac,
  VerifyMac: mac.verifyMac,
  Sign: signing.sign,
  Verify: signing.verify,
  GetPublicKey: publicKey.getPublicKey,
  DeriveSharedSecret: publicKey.deriveSharedSecret,
  GetParametersForImport: material.getParametersForImport,
  ImportKeyMaterial: material.importKeyMaterial,
  DeleteImportedKeyMaterial: material.deleteImportedKeyMaterial,
} satisfies OperationTable<KmsCtx>;
