"""The help texts. ``ml`` itself has none: the group belongs to the ``ml`` extension, and az keeps one text a group."""
from __future__ import annotations

from knack.help_files import helps

helps["ml trouble"] = """
type: group
short-summary: Find out why an Azure Machine Learning deployment does not work, and what to do about it.
"""

helps["ml trouble diagnose"] = """
type: command
short-summary: Name the stage at which a deployment fails, the root cause, and the next step.
long-summary: >-
    Reads what Azure knows about a web service (v1) or an online endpoint (v2), its image, its logs and the resources
    that it depends on, and explains it. With --log or --bundle it reads files instead and needs no login.
    Nothing is written in Azure, and secrets are masked before anything is shown. A check that could not run is shown
    as unknown and says why.
    The exit code is 0 whatever is found, unless --fail-on asks for 10.
examples:
    - name: Diagnose a deployment of a workspace.
      text: az ml trouble diagnose --name mysvc --workspace-name myws --resource-group myrg --output table
    - name: Set the workspace once, then name only the deployment.
      text: |
        az configure --defaults group=myrg workspace=myws
        az ml trouble diagnose -n mysvc -o table
    - name: Diagnose log files without any login.
      text: az ml trouble diagnose --log build.log container.log
    - name: Diagnose what another command prints (bash and PowerShell).
      text: kubectl logs mypod --previous | az ml trouble diagnose --log -
    - name: Diagnose the evidence that a colleague has collected.
      text: az ml trouble diagnose --bundle mysvc.zip
    - name: Fail a pipeline on an error and keep the report (bash; the exit code is 10).
      text: az ml trouble diagnose -n mysvc --fail-on error --report report.html report.sarif || exit $?
    - name: Fail a pipeline on an error and keep the report (PowerShell; the exit code is 10).
      text: |
        az ml trouble diagnose -n mysvc --fail-on error --report report.html
        if ($LASTEXITCODE -eq 10) { throw "mysvc is broken" }
    - name: Put the cause's code and the stage into bash variables.
      text: read -r stage code <<< "$(az ml trouble diagnose -n mysvc --query "[[failedStage, rootCause.code]]" -o tsv)"
    - name: Put the root cause into a PowerShell variable.
      text: $cause = az ml trouble diagnose -n mysvc --query rootCause -o json | ConvertFrom-Json
    - name: List what is broken in the whole workspace.
      text: |
        az ml trouble diagnose --all --query "[?verdict=='failed'].{name:target.name, cause:rootCause.title}" -o table
"""

helps["ml trouble collect"] = """
type: command
short-summary: Write the evidence about a deployment to one zip, for a colleague or a support case.
long-summary: >-
    The zip holds what `az ml trouble diagnose` would have read, with secrets masked. Give it to
    `az ml trouble diagnose --bundle` for the same report. An existing file is replaced only after a prompt, or with
    --yes.
examples:
    - name: Collect the evidence about a deployment.
      text: az ml trouble collect --name mysvc --workspace-name myws --resource-group myrg --output-file mysvc.zip
    - name: Collect in a pipeline and keep the path (bash).
      text: path=$(az ml trouble collect -n mysvc -f mysvc.zip --yes --query path -o tsv)
    - name: Collect in a pipeline and keep the path (PowerShell).
      text: $path = az ml trouble collect -n mysvc -f mysvc.zip --yes --query path -o tsv
"""

helps["ml trouble explain"] = """
type: command
short-summary: Explain what a finding means, how it is recognised, and how to fix it.
long-summary: Needs no login and no deployment. Without --code it lists every finding that a diagnosis can have.
examples:
    - name: Explain a finding.
      text: az ml trouble explain --code MLT4103 --output table
    - name: List all findings.
      text: az ml trouble explain --output table
    - name: List the findings of a stage (bash and PowerShell).
      text: az ml trouble explain --query "[?stage=='launch'].{code:code, title:title}" --output table
"""
