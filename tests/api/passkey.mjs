// A passkey made of node's own crypto: ES256, "none" of attestation.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { url } from './client.mjs';

const sha256 = bytes => createHash('sha256').update(bytes).digest();
const short = bytes => Buffer.concat([Buffer.from([0x58, bytes.length]), bytes]);
const long = bytes => Buffer.concat([Buffer.from([0x59, bytes.length >> 8, bytes.length & 255]), bytes]);
const word = text => Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);

export class Passkey {
	id = randomBytes(32);
	count = 0;
	origin = url;
	rp = new URL(url).hostname;
	flags = 5;		// present, verified

	constructor() {
		Object.assign(this, generateKeyPairSync('ec', { namedCurve: 'P-256' }));
	}

	clientData(type, challenge) {
		return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
	}

	data(flags, ...more) {
		const count = Buffer.alloc(4);
		count.writeUInt32BE(this.count);
		return Buffer.concat([sha256(this.rp), Buffer.from([flags]), count, ...more]);
	}

	// What navigator.credentials.create() would answer, as it is posted.
	create({ challenge }) {
		const { x, y } = this.publicKey.export({ format: 'jwk' });
		const key = Buffer.concat([Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21]), short(Buffer.from(x, 'base64url')),
			Buffer.from([0x22]), short(Buffer.from(y, 'base64url'))]);
		const data = this.data(this.flags | 0x40, Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, key);
		const attestation = Buffer.concat([Buffer.from([0xa3]), word('fmt'), word('none'), word('attStmt'), Buffer.from([0xa0]), word('authData'), long(data)]);
		return { client_data: this.clientData('webauthn.create', challenge).toString('base64url'), attestation: attestation.toString('base64url'), transports: 'internal' };
	}

	// What navigator.credentials.get() would.
	get({ challenge }, type = 'webauthn.get') {
		this.count++;
		const client = this.clientData(type, challenge), data = this.data(this.flags);
		return { credential: this.id.toString('base64url'), client_data: client.toString('base64url'), authenticator_data: data.toString('base64url'),
			signature: sign('sha256', Buffer.concat([data, sha256(client)]), this.privateKey).toString('base64url') };
	}
}
