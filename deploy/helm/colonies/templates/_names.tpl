{{- define "colonies.labels" -}}
{{ include "colonies.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "colonies.selector" -}}
app.kubernetes.io/name: colonies
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "colonies.name" -}}
{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}
