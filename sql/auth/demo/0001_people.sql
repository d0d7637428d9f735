-- The demo's people; their passwords are in logins.txt.
INSERT INTO account (id, email, name, language, password_hash, verified_at) VALUES
	('0190a000-0000-7000-8004-000000000001', 'owner@zoco.example', 'Olivia Zoco', 'es',
		'$argon2id$v=19$m=19456,t=2,p=1$33GFHMqmgYuY0JaZjNVbSQ$w+EWAvCD20KeD/1LH0Vik5FrAB1wfQ5MS9dYFQKx+h0', now()),
	('0190a000-0000-7000-8004-000000000002', 'staff@zoco.example', 'Sergio Almacén', 'es',
		'$argon2id$v=19$m=19456,t=2,p=1$tgjwFFH7ntk86+FSNK0Jgg$x9ji7JvN2sN1qeQP8DY/osJ/L3Rnl9kPXSqD84Vp+r8', now()),
	('0190a000-0000-7000-8004-000000000003', 'customer@zoco.example', 'Carmen Cliente', 'es',
		'$argon2id$v=19$m=19456,t=2,p=1$ljQX2nJlUSI2x7u01V9+0Q$jiwtP7cvmGqcofWVBfvAVlTq7vXbSJYhLARtU6YyA5c', now());
INSERT INTO account_role (account_id, role) VALUES
	('0190a000-0000-7000-8004-000000000001', 'owner'),
	('0190a000-0000-7000-8004-000000000002', 'staff'),
	('0190a000-0000-7000-8004-000000000003', 'customer');
