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
    Reads what Azure knows about a web service (v1), its image, its logs and the resources
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

helps["ml trouble model"] = """
type: group
short-summary: Look at the models that are registered in a workspace.
"""

helps["ml trouble model list"] = """
type: command
short-summary: List the registered models in all their versions.
examples:
    - name: List all models.
      text: az ml trouble model list --workspace-name myws --resource-group myrg --output table
    - name: List the versions of one model.
      text: az ml trouble model list --name mymodel -o table
    - name: Count the versions of a model (bash).
      text: count=$(az ml trouble model list --name mymodel --query "length(@)" -o tsv)
    - name: Count the versions of a model (PowerShell).
      text: $count = (az ml trouble model list --name mymodel | ConvertFrom-Json).Count
"""

helps["ml trouble model show"] = """
type: command
short-summary: Show one version of a registered model, by default the newest.
examples:
    - name: Show the newest version of a model.
      text: az ml trouble model show --name mymodel --workspace-name myws --resource-group myrg
    - name: Show one version.
      text: az ml trouble model show --name mymodel --version 3 -o table
    - name: Keep the id of the newest version (bash).
      text: id=$(az ml trouble model show -n mymodel --query id -o tsv)
    - name: Keep the id of the newest version (PowerShell).
      text: $id = az ml trouble model show -n mymodel --query id -o tsv
"""

helps["ml trouble image"] = """
type: group
short-summary: Look at the images of a workspace and the logs of their builds.
"""

helps["ml trouble image list"] = """
type: command
short-summary: List the images in all their versions, with their state and whether the build log is at hand.
long-summary: Services that were deployed with an environment have no image here.
examples:
    - name: List all images.
      text: az ml trouble image list --workspace-name myws --resource-group myrg --output table
    - name: List the versions of one image.
      text: az ml trouble image list --name myimage -o table
    - name: List the images whose build failed (bash and PowerShell).
      text: az ml trouble image list --query "[?creationState=='Failed'].id" -o tsv
"""

helps["ml trouble image show"] = """
type: command
short-summary: Show one version of an image, by default the newest.
examples:
    - name: Show the newest version of an image.
      text: az ml trouble image show --name myimage --workspace-name myws --resource-group myrg
    - name: Show one version.
      text: az ml trouble image show --name myimage:3 -o table
    - name: Keep the state of a version (bash).
      text: state=$(az ml trouble image show -n myimage --version 3 --query creationState -o tsv)
    - name: Keep the state of a version (PowerShell).
      text: $state = az ml trouble image show -n myimage --version 3 --query creationState -o tsv
"""

helps["ml trouble image log"] = """
type: command
short-summary: Fetch the build log of an image, by default of its newest version.
long-summary: >-
    Secrets are masked, and what could control the terminal is removed. An address that has expired is asked for again.
    With --service the log comes from the build that a deployment with an environment made.
examples:
    - name: Print the build log of the newest version.
      text: az ml trouble image log --name myimage --workspace-name myws --resource-group myrg --output table
    - name: Print the log of one version as it is, line by line (bash and PowerShell).
      text: az ml trouble image log -n myimage:3 --query lines -o tsv
    - name: Watch a build until it has ended.
      text: az ml trouble image log -n myimage --follow
    - name: Write the log to a file and diagnose it.
      text: |
        az ml trouble image log -n myimage --output-file build.log --yes
        az ml trouble diagnose --log build.log -o table
    - name: Print the log of the build that a deployment with an environment made.
      text: az ml trouble image log --service mysvc -o table
    - name: Keep the signed address of the log (bash). It is a secret.
      text: address=$(az ml trouble image log -n myimage --uri-only -o tsv)
    - name: Keep the signed address of the log (PowerShell). It is a secret.
      text: $address = az ml trouble image log -n myimage --uri-only -o tsv
"""

helps["ml trouble service"] = """
type: group
short-summary: Look at the web services (v1) of a workspace, their logs and their answers.
"""

helps["ml trouble service list"] = """
type: command
short-summary: List the web services (v1) of a workspace.
examples:
    - name: List all services.
      text: az ml trouble service list --workspace-name myws --resource-group myrg --output table
    - name: List the services that are not healthy (bash and PowerShell).
      text: az ml trouble service list --query "[?state!='Healthy'].name" -o tsv
"""

helps["ml trouble service show"] = """
type: command
short-summary: Show a web service (v1), and where it can move.
long-summary: Secrets, such as the key of a certificate, are masked.
examples:
    - name: Show a service.
      text: az ml trouble service show --name mysvc --workspace-name myws --resource-group myrg --output table
    - name: Keep the scoring address (bash).
      text: uri=$(az ml trouble service show -n mysvc --query scoringUri -o tsv)
    - name: Keep the scoring address (PowerShell).
      text: $uri = az ml trouble service show -n mysvc --query scoringUri -o tsv
"""

helps["ml trouble service log"] = """
type: command
short-summary: Fetch what the container of a web service (v1) wrote last.
long-summary: Secrets are masked, and what could control the terminal is removed.
examples:
    - name: Print the last lines.
      text: az ml trouble service log --name mysvc --workspace-name myws --resource-group myrg --lines 100 -o table
    - name: Print the log of the init container, which fetches the model.
      text: az ml trouble service log -n mysvc --init -o table
    - name: Watch the log until Ctrl-C.
      text: az ml trouble service log -n mysvc --follow
    - name: Search the log (bash).
      text: az ml trouble service log -n mysvc --query lines -o tsv | grep -n Error
    - name: Search the log (PowerShell).
      text: az ml trouble service log -n mysvc --query lines -o tsv | Select-String Error
"""

helps["ml trouble service wait"] = """
type: command
short-summary: Wait until a web service (v1) is healthy; diagnose it when it fails.
long-summary: >-
    The exit code is 10 when the service has failed, after the full output with the diagnosis, unless --fail-on is
    never. It is 1 when the time is over.
examples:
    - name: Wait for a service.
      text: az ml trouble service wait --name mysvc --workspace-name myws --resource-group myrg
    - name: Look every ten seconds, for at most ten minutes.
      text: az ml trouble service wait -n mysvc --interval 10 --timeout 600 -o table
    - name: Score as soon as the service is healthy (bash).
      text: az ml trouble service wait -n mysvc && az ml trouble service score -n mysvc --data @request.json
    - name: Score as soon as the service is healthy (PowerShell).
      text: |
        az ml trouble service wait -n mysvc
        if ($LASTEXITCODE -eq 0) { az ml trouble service score -n mysvc --data '@request.json' }
"""

helps["ml trouble service score"] = """
type: command
short-summary: Send a request to a web service (v1) and explain the answer.
long-summary: >-
    The key or token that the service wants is fetched for this request and shown nowhere. The answer comes with its
    status, the headers that tell something, and the time it took; anything but success is diagnosed. The request is
    sent once. The exit code is 0 whatever the answer, unless --fail-on asks for 10.
examples:
    - name: Send the JSON in a file (bash).
      text: az ml trouble service score --name mysvc --workspace-name myws --resource-group myrg --data @request.json
    - name: Send the JSON in a file (PowerShell).
      text: az ml trouble service score -n mysvc --data '@request.json'
    - name: Send JSON from the command line (bash).
      text: |
        az ml trouble service score -n mysvc --data '{"data": [[1, 2, 3]]}' -o table
    - name: Send what another command prints.
      text: python make_request.py | az ml trouble service score -n mysvc --data -
    - name: Fail a pipeline when the request fails (bash; the exit code is 10).
      text: az ml trouble service score -n mysvc --data @request.json --fail-on error || exit $?
    - name: Keep the answer (PowerShell).
      text: $answer = az ml trouble service score -n mysvc --data '@request.json' --query answer | ConvertFrom-Json
"""

helps["ml trouble keyvault"] = """
type: group
short-summary: Prove, repair and prevent that a template takes the workspace's access to its key vault away.
"""

helps["ml trouble keyvault check"] = """
type: command
short-summary: Check whether the workspace may use its key vault, and who took that away.
long-summary: >-
    Looks at the access policy of the workspace's identity (or at its roles, where the vault works by roles), at deleted
    vaults and at network rules. Deployments and the activity log tell who wrote the vault; where a right is missing, or
    their retention has ended, that is said. The result has the ways out, with the accessPolicies ready to paste into
    the template. Nothing is written in Azure.
examples:
    - name: Check the key vault of a workspace.
      text: az ml trouble keyvault check --workspace-name myws --resource-group myrg --output table
    - name: Print the access policies for the template (bash; add a redirection to keep them).
      text: az ml trouble keyvault check -w myws -g myrg --query accessPolicies --output json
    - name: Write the access policies for the template to a file (PowerShell).
      text: az ml trouble keyvault check -w myws -g myrg --query accessPolicies -o json | Set-Content policies.json
    - name: Tell whether a deployment is proven to have wiped the policies (bash and PowerShell).
      text: az ml trouble keyvault check -w myws -g myrg --query "[history.status, history.summary]" -o tsv
"""

helps["ml trouble keyvault restore"] = """
type: command
short-summary: Give the workspace's identity the access policy back that it lacks.
long-summary: >-
    Adds one policy: all permissions on keys, secrets and certificates besides purging. Policies of others stay as they
    are. The vault is read again afterwards, and shown before and after. Asks first, unless --yes is given. A vault that
    works by roles is left alone; the role to assign is named instead.
examples:
    - name: Restore the policy after a prompt.
      text: az ml trouble keyvault restore --workspace-name myws --resource-group myrg
    - name: Restore the policy in a pipeline (bash).
      text: changed=$(az ml trouble keyvault restore -w myws -g myrg --yes --query changed -o tsv)
    - name: Restore the policy in a pipeline (PowerShell).
      text: $changed = az ml trouble keyvault restore -w myws -g myrg --yes --query changed -o tsv
"""

helps["ml trouble keyvault check-template"] = """
type: command
short-summary: Find the key vaults whose access policies a template would wipe when it is deployed again.
long-summary: >-
    Reads the JSON of an ARM template, its nested templates, and linked ones that lie beside it; needs no login. A vault
    resource replaces the whole list of access policies each time, so one with an empty list wipes them. What depends on
    a parameter without a value, and links that lead elsewhere, are said to be unknown.
    The exit code is 0 whatever is found, unless --fail-on asks for 10.
examples:
    - name: Check a template.
      text: az ml trouble keyvault check-template --template azuredeploy.json --output table
    - name: Check a Bicep file (bash and PowerShell).
      text: |
        az bicep build --file main.bicep --outfile main.json
        az ml trouble keyvault check-template --template main.json
    - name: Fail a pipeline and keep the results for code scanning (bash; the exit code is 10).
      text: >-
        az ml trouble keyvault check-template -t main.json -p main.parameters.json --fail-on error
        --report vault.sarif || exit $?
    - name: Fail a pipeline and keep the results for code scanning (PowerShell; the exit code is 10).
      text: |
        az ml trouble keyvault check-template -t main.json --fail-on error --report vault.sarif
        if ($LASTEXITCODE -eq 10) { throw "main.json wipes access policies" }
"""

helps["ml trouble autoscale"] = """
type: group
short-summary: Find out how many replicas a web service on AKS needs, and set them.
"""

helps["ml trouble autoscale recommend"] = """
type: command
short-summary: Recommend replicas and target utilization that keep requests from being refused (503).
long-summary: >-
    Replays the traffic through the router of AKS as it is documented, finds the cheapest settings that keep the goal,
    and compares them with the formula of the troubleshooting guide. With --name it also says why requests are refused
    now. Nothing is written in Azure. Without --name it needs no login.
examples:
    - name: Recommend from a log of requests.
      text: az ml trouble autoscale recommend --request-log requests.csv --output table
    - name: Recommend from counts per minute, for requests of half a second.
      text: az ml trouble autoscale recommend --request-counts counts.csv --request-time 0.5
    - name: Recommend from figures (20 requests a second of 10 seconds).
      text: az ml trouble autoscale recommend --rps 20 --request-time 10 --output table
    - name: Recommend for a service from what it reports to Application Insights, with a page to look at.
      text: >-
        az ml trouble autoscale recommend --name mysvc --workspace-name myws --resource-group myrg
        --report replicas.html --output table
    - name: Put the minimum and the maximum into bash variables.
      text: |
        read -r min max <<< "$(az ml trouble autoscale recommend --rps 20 --request-time 1 --query \
          "[[recommendation.minReplicas, recommendation.maxReplicas]]" -o tsv)"
    - name: Put the recommendation into a PowerShell variable.
      text: |
        $best = az ml trouble autoscale recommend --rps 20 --request-time 1 --query recommendation | ConvertFrom-Json
"""

helps["ml trouble autoscale backtest"] = """
type: command
short-summary: Replay traffic with settings that were made from an earlier part of it.
long-summary: >-
    Judges the defaults, the guide's formula at the mean and at the peak, the recommendation, and the cheapest settings
    that would have kept the goal, which can only be known afterwards; or the settings that are given. costRatio is
    replica-hours per hour of work. What is assumed about the router can be changed and is part of the output.
examples:
    - name: Judge all policies on the second half of a log.
      text: az ml trouble autoscale backtest --request-log requests.csv --output table
    - name: Judge settings of your own on the last quarter, without a queue and with replicas that start slowly.
      text: >-
        az ml trouble autoscale backtest --request-log requests.csv --train-share 0.75 --min-replicas 4
        --max-replicas 20 --queue-wait 0 --start-delay 180
    - name: Stop a script when the recommendation would not have kept the goal (bash).
      text: |
        test "$(az ml trouble autoscale backtest --request-log requests.csv \
          --query "policies[?policy=='recommended'].goalKept | [0]")" = true
    - name: List the policies that keep the goal (PowerShell).
      text: >-
        az ml trouble autoscale backtest --request-log requests.csv --query "policies[?goalKept].policy" -o tsv
"""

helps["ml trouble autoscale apply"] = """
type: command
short-summary: Set minimum, maximum and target utilization of a web service on AKS.
long-summary: >-
    Asks first, unless --yes. Minimum and maximum are changed in one request, so that neither is refused for the other.
    Waits for the change, and shows the settings before and after, and what was not changed.
examples:
    - name: Set the replicas of a service.
      text: >-
        az ml trouble autoscale apply --name mysvc --min-replicas 12 --max-replicas 40 --target-utilization 90
        --workspace-name myws --resource-group myrg
    - name: Set them in a pipeline and keep what they were (bash).
      text: before=$(az ml trouble autoscale apply -n mysvc --min-replicas 12 --max-replicas 40 --yes --query before)
    - name: Set them in a pipeline and keep what they were (PowerShell).
      text: $before = az ml trouble autoscale apply -n mysvc --min-replicas 12 --max-replicas 40 --yes --query before
"""
