.venv/bin/python .try.py samples,strangers_published,strangers_reports,strangers_forms,strangers_statistics ${1:-html,html-framed,docx,md,csv,txt-columns,xlsx,txt-tabs}
