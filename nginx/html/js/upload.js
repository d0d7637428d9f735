// A file field of a form that says where files go (data-upload): the file is
// sent as it is, and its answer's page shown. Without a file the form is sent.
for (const form of document.querySelectorAll('form[data-upload]'))
	form.addEventListener('submit', async event => {
		const field = form.querySelector('input[type=file]'), file = field?.files[0];
		if (!file)
			return;
		event.preventDefault();
		const query = new URLSearchParams();
		for (const [name, value] of new FormData(form))
			if (value !== '' && typeof value === 'string' && name !== 'text')
				query.set(name, value);
		const answer = await fetch(`${form.dataset.upload}?${query}`, { method: form.dataset.method ?? 'POST',
			headers: { 'content-type': file.type || 'application/octet-stream', ...(form.dataset.match &&
				{ 'if-match': form.dataset.match }) }, body: file });
		const body = await answer.json().catch(() => ({}));
		form.classList.remove('is-sending');
		if (answer.ok)
			location.assign(form.dataset.next ?? `${form.action}/${body.id}`);
		else
			field.setCustomValidity([body.title, ...(body.errors ?? []).map(e => e.message)].join(' ')),
			field.reportValidity(), field.setCustomValidity('');
	});
