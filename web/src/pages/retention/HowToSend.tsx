// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Collapse } from 'antd';
import { Section } from '../../parts/Section';
import { useText } from './sourcesText';

// HowToSend says in words and lines to copy how a system sends its audit here.
export function HowToSend() {
  const t = useText();
  const items = [
    { key: 'syslog', label: t.howSyslog, children: <BySyslog /> },
    { key: 'json', label: t.howJson, children: <ByJson /> },
  ];
  return (
    <Section title={t.how}>
      <Collapse items={items} />
    </Section>
  );
}

function BySyslog() {
  const t = useText();
  const host = window.location.hostname;
  return (
    <>
      <p>{t.howSyslogLead}</p>
      <pre className="sample mono" tabIndex={0}>
        {`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 730 \\
  -subj "/CN=$(hostname)" -keyout sender.key -out sender.pem
openssl x509 -in sender.pem -noout -fingerprint -sha256`}
      </pre>
      <p>{t.howSyslogThen}</p>
      <pre className="sample mono" tabIndex={0}>
        {`authpriv.* action(type="omfwd" target="${host}" port="6514" protocol="tcp"
  tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
  StreamDriver="gtls" StreamDriverMode="1"
  StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="${host}"
  StreamDriver.CAFile="/etc/rsyslog.d/center.pem"
  StreamDriver.CertFile="/etc/rsyslog.d/sender.pem"
  StreamDriver.KeyFile="/etc/rsyslog.d/sender.key"
  queue.type="LinkedList" queue.filename="dukou" queue.saveOnShutdown="on"
  action.resumeRetryCount="-1")`}
      </pre>
    </>
  );
}

function ByJson() {
  const t = useText();
  return (
    <>
      <p>{t.howJsonLead}</p>
      <pre className="sample mono" tabIndex={0}>
        {`curl --cacert center.pem -H "X-Intake-Token: $(cat token)" \\
  -H 'Content-Type: application/x-ndjson' --data-binary @lines.ndjson \\
  ${window.location.origin}/api/intake/NAME`}
      </pre>
    </>
  );
}
