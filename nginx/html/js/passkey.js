// Forms with data-passkey: "get" shows a passkey, "create" makes one. They are
// hidden where the browser cannot; what it answers is posted as the form's fields.
const decode = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
const encode = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const known = credentials => credentials.map(({ id, transports }) => ({ type: 'public-key', id: decode(id),
	...(transports ? { transports: transports.split(' ') } : {}) }));

const ways = {
	async get(options) {
		const { rawId, response } = await navigator.credentials.get({ publicKey: { challenge: decode(options.challenge),
			rpId: options.rp_id, allowCredentials: known(options.credentials), userVerification: 'preferred' } });
		return { credential: encode(rawId), client_data: encode(response.clientDataJSON),
			authenticator_data: encode(response.authenticatorData), signature: encode(response.signature) };
	},
	async create(options) {
		const { response } = await navigator.credentials.create({ publicKey: { challenge: decode(options.challenge),
			rp: { id: options.rp_id, name: options.rp_name },
			user: { id: decode(options.user_id), name: options.user_name, displayName: options.user_display_name },
			pubKeyCredParams: [-7, -8, -257].map(alg => ({ type: 'public-key', alg })),
			excludeCredentials: known(options.credentials), attestation: 'none',
			authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' } } });
		return { client_data: encode(response.clientDataJSON), attestation: encode(response.attestationObject),
			transports: response.getTransports?.().join(' ') ?? '' };
	},
};

async function answer(form) {
	const asked = await fetch(form.dataset.options, { method: 'POST', headers: { Accept: 'application/json' } });
	if (asked.status === 401 || asked.status === 403)
		return location.reload();	// the login has lapsed, or wants step-up
	if (!asked.ok)
		throw new Error(asked.status);
	for (const [name, value] of Object.entries(await ways[form.dataset.passkey](await asked.json())))
		form.elements[name].value = value;
	form.submit();
}

if (window.PublicKeyCredential)
	for (const form of document.querySelectorAll('form[data-passkey]')) {
		const fault = form.querySelector('.field-error'), button = form.querySelector('button');
		form.hidden = false;
		form.addEventListener('submit', async event => {
			event.preventDefault();
			fault.textContent = '';
			button.disabled = true;
			await answer(form).catch(() => { fault.textContent = form.dataset.fault; });
			button.disabled = false;
		});
	}
